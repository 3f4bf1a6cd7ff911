# SPDX-License-Identifier: MulanPSL-2.0
"""What the integration tests share. See README.md beside this file."""
import atexit
import functools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WARD = str(ROOT / "build-asan" / "ward")  # with AddressSanitizer and UndefinedBehaviorSanitizer
WARD_RELEASE = str(ROOT / "build" / "ward")
FIXTURES = ROOT / "tests" / "fixtures"
PATIENCE = 180  # seconds until something that must come is given up: it only ends what hangs, so a slow machine may take its time
SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehaviorSanitizer")


class Skip(Exception):
    """raise Skip("why"): this test cannot say anything here."""


def environment():
    """The environment of every program under test: English, UTF-8, sanitizers that stop."""
    env = {key: value for key, value in os.environ.items() if key != "LANGUAGE" and not key.startswith(("LC_", "LANG"))}
    env["LC_ALL"] = "C.UTF-8"
    env["TZ"] = "UTC"
    for folder in ("/usr/local/sbin", "/usr/sbin", "/sbin"):
        if folder not in env.get("PATH", "").split(":"):
            env["PATH"] = env.get("PATH", "/usr/bin:/bin") + ":" + folder
    env["ASAN_OPTIONS"] = "detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1"
    # What a library leaks by itself; kept short.
    env["LSAN_OPTIONS"] = f"suppressions={ROOT}/tests/leaks.supp:print_suppressions=0"
    env["UBSAN_OPTIONS"] = "halt_on_error=1:print_stacktrace=1"
    return env


def run(args, *, env=None, timeout=PATIENCE, text=True, **kw):
    """subprocess.run with output captured, never raising for an exit status; `env` adds variables.
    A sanitizer's report fails the test at once."""
    kw.setdefault("stdin", subprocess.DEVNULL if "input" not in kw else None)
    if kw["stdin"] is None:
        del kw["stdin"]
    if text:
        kw |= {"encoding": "utf-8", "errors": "surrogateescape"}
    done = subprocess.run([str(arg) for arg in args], env=environment() | (env or {}), timeout=timeout,
                          stdout=kw.pop("stdout", subprocess.PIPE), stderr=kw.pop("stderr", subprocess.PIPE),
                          check=False, **kw)
    said = done.stderr if isinstance(done.stderr, str) else (done.stderr or b"").decode("utf-8", "replace")
    assert not any(mark in said for mark in SANITIZER_MARKS), said[-8000:]
    return done


def ward(*args, binary=WARD, **kw):
    """run() of the sanitized binary."""
    return run([binary, *args], **kw)


def sql(query, root=None, *options, **kw):
    """The rows of a query as dicts, by `ward sql --format json`."""
    where = ["--root", root] if root else []
    done = ward("sql", "--format", "json", *where, *options, query, **kw)
    assert done.returncode == 0, f"{query}: exit {done.returncode}\n{done.stderr}"
    return json.loads(done.stdout)


def need_tool(name):
    """Path of a program, or skip."""
    path = shutil.which(name, path=environment()["PATH"])
    if not path:
        raise Skip(f"{name} is not on this machine")
    return path


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


def need_mounted_root():
    """In a root directory of its own (chroot) no mount is at /."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        if not any(line.split()[4] == "/" for line in mounts):
            raise Skip("nothing is mounted at / here")


NOBODY = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}  # for run(), ward(), sql() of root


def for_others(binary):
    """A copy that everybody may run: the build may lie in a folder, like /root, that only its owner enters."""
    folder = temporary()
    folder.chmod(0o755)
    copy = shutil.copy(binary, folder)
    os.chmod(copy, 0o755)
    return copy


def need_shared(name):
    """Path of a file of ../shared/data (also when this is a work tree one level deeper), or skip."""
    for base in (ROOT.parent, ROOT.parent.parent):
        path = base / "shared" / "data" / name
        if path.exists():
            return path
    raise Skip(f"../shared/data/{name} is not on this machine")


def steadily(test):
    """@steadily: a test that compares two looks at this machine, on which others work at the same time. What only happened in between
    is not there at the next look; a fault is there at each of them."""
    @functools.wraps(test)
    def looks():
        for _ in range(4):
            try:
                return test()
            except (AssertionError, OSError):
                time.sleep(0.3)
        return test()
    return looks


_temporary = []


def clean_up():
    """Remove what temporary() made; the runner calls it after each test."""
    while _temporary:
        shutil.rmtree(_temporary.pop(), ignore_errors=True)


atexit.register(clean_up)


def temporary():
    """A new empty folder, gone after the test."""
    path = tempfile.mkdtemp(prefix="ward-test-")
    _temporary.append(path)
    return pathlib.Path(path)


class Link(str):
    """tree({"etc/localtime": Link("/usr/share/zoneinfo/UTC")}): a symbolic link."""


class File:
    """tree({"etc/shadow": File("root:…", mode=0o640, uid=0, gid=42)}): owner only when given; None
    as content makes a FIFO."""

    def __init__(self, content="", mode=0o644, uid=-1, gid=-1):
        self.content, self.mode, self.uid, self.gid = content, mode, uid, gid


def tree(files):
    """A folder with these files, to be used as --root: path -> text, bytes, Link or File; a path that
    ends with "/" is a folder. Gone after the test."""
    root = temporary()
    root.chmod(0o755)
    for name, content in files.items():
        path = root / name.lstrip("/")
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(str(content))
            continue
        file = content if isinstance(content, File) else File(content)
        if file.content is None:
            os.mkfifo(path)
        else:
            path.write_bytes(file.content.encode() if isinstance(file.content, str) else file.content)
        path.chmod(file.mode)
        if (file.uid, file.gid) != (-1, -1):
            need_root()
            os.chown(path, file.uid, file.gid)
    return root


@functools.cache
def sources(*folders):
    """All C files of the project below these folders (src, tests, fuzz, bench)."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.[ch]"))
