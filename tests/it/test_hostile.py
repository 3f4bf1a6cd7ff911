# SPDX-License-Identifier: MulanPSL-2.0
"""The files that tables read, replaced by what nobody expects there: no crash, no hang, and the coverage says so."""
import concurrent.futures
import os
import random
import re
import subprocess
import time

from harness import PATIENCE, SANITIZER_MARKS, WARD, environment, for_others, need_root, need_tool, temporary

BASE = {"etc/os-release": b"ID=debian\nVERSION_ID=12\n", "etc/passwd": b"root:x:0:0::/root:/bin/sh\n",
        "etc/group": b"root:x:0:\n", "etc/hostname": b"a\n"}
SECONDS = 60  # of wall time for one query under sanitizers, on a machine that does other things too
NEEDED = {"file": " WHERE directory = '/etc'", "hash": " WHERE path = '/etc/passwd'"}


def blobs(folder):
    """Name of the trouble -> a file to link to the place."""
    rng = random.Random(1)
    texts = {
        "empty": b"",
        "random": rng.randbytes(65536),
        "one-line": b"a=b:c " * (3_000_000 // 6),
        "lines": b"a\n" * 100_000,
        "nul": b"\0" * 4096 + b"\n\0key\0=\0value\0\n",
        "crlf": b"\xef\xbb\xbfa=b\r\n[x]\r\nroot:x:0:0::/:/bin/sh\r\n\r\nauth required pam_unix.so\r",
        "nested": b"{" * 20000 + b"[" * 20000 + b"(" * 20000 + b'"',
        "includes": b"".join(word + b" *\n" for word in (b"include", b"Include", b"@include common-auth\n@includedir /etc\n",
                                                          b"!includedir /etc", b"include /etc/*", b"$IncludeConfig /etc/*",
                                                          b"source /etc")),
    }
    made = {}
    for name, text in texts.items():
        made[name] = folder / name
        made[name].write_bytes(text)
    made["sparse"] = folder / "sparse"
    with open(made["sparse"], "wb") as file:
        file.truncate(3 << 30)
    return made


def place(path, trouble, blob):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.exists():
        path.unlink()
    if blob:
        os.link(blob, path)
    elif trouble == "fifo":
        os.mkfifo(path)
    elif trouble == "directory":
        path.mkdir()
    elif trouble == "loop":
        path.symlink_to(path.name)
    elif trouble == "zero":
        path.symlink_to("/dev/zero")


OTHERS = ("fifo", "directory", "loop") + (("zero",) if os.geteuid() == 0 else ())


def tables():
    """Table -> the files among its sources."""
    done = subprocess.run([WARD, "sql", ".schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True,
                          env=environment())
    found, files = {}, []
    for line in done.stdout.splitlines():
        if line.startswith("-- from: "):
            files = [re.sub(r"[*?]", "fuzz", word) for word in line[9:].split(", ") if re.fullmatch(r"[\w./*@+-]+/[\w./*@+-]+", word)]
        elif line.startswith("CREATE TABLE "):
            found[line.split()[2].strip('"(')] = files
            files = []
    return found


def ask(table, root, before=(), binary=WARD):
    """What is wrong, or None."""
    start = time.monotonic()
    query = f"SELECT count(*) FROM {table}{NEEDED.get(table, '')}"
    try:
        done = subprocess.run([*before, binary, "sql", "--format", "csv", "--root", root, query], env=environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return "hangs"
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode != 0 or any(mark in said for mark in SANITIZER_MARKS):
        return f"exit {done.returncode}: {said[-1500:]}"
    if time.monotonic() - start > SECONDS:
        return f"took {time.monotonic() - start:.1f} s"
    return None


def base(root):
    root.mkdir()
    for name, text in BASE.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(text)
    return root


def test_no_source_of_a_table_can_break_it():
    folder = temporary()
    made = blobs(folder) | dict.fromkeys(OTHERS)
    found = tables()
    assert len(found) > 50, found

    def one(table, trouble):
        root = base(folder / f"{table}-{trouble}")
        (root / "dev").mkdir()
        if "zero" in OTHERS:
            os.mknod(root / "dev/zero", 0o666 | 0o020000, os.makedev(1, 5))
        for source in found[table]:
            try:
                place(root / source, trouble, made[trouble])
            except (FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError):
                continue  # one source lies below another
        wrong = ask(table, root)
        return wrong and f"{table}, {trouble}: {wrong}"

    pairs = [(table, trouble) for table in found if found[table] for trouble in made]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        bad = [wrong for wrong in pool.map(lambda pair: one(*pair), pairs) if wrong]
    assert not bad, "\n".join(bad)


def test_what_nobody_may_read_is_said():
    need_root()
    nobody = [need_tool("setpriv"), "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    folder = temporary()
    folder.chmod(0o755)
    binary = for_others(WARD)
    silent = []
    for table, sources in tables().items():
        if not sources or table == "process_files":
            continue
        root = base(folder / table)
        for source in sources:
            try:
                (root / source).parent.mkdir(parents=True, exist_ok=True)
                (root / source).write_bytes(b"a=b\n")
                (root / source).chmod(0)
            except OSError:
                continue
        query = f"SELECT count(*) FROM {table}{NEEDED.get(table, '')}"
        done = subprocess.run([*nobody, binary, "sql", "--root", root, query], env=environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0 or f"table {table} " not in done.stderr:
            silent.append(f"{table}: exit {done.returncode} {done.stdout.split()} {done.stderr[:300]}")
    assert not silent, "\n".join(silent)
