# SPDX-License-Identifier: MulanPSL-2.0
"""processes, process_files, process_maps against ps and /proc as Python reads it."""
import os
import pathlib
import subprocess
import sys
import time

from harness import NOBODY, WARD, for_others, need_root, need_tool, run, sql, temporary


class Sleeper:
    """A Python process that does `code` and then waits; `with` ends it."""

    def __init__(self, code="", **kw):
        self.args = [sys.executable, "-c", code + "\nprint('ready', flush=True)\nimport sys\nsys.stdin.read()"]
        self.kw = kw

    def __enter__(self):
        self.process = subprocess.Popen(self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, **self.kw)
        assert self.process.stdout.readline() == b"ready\n"
        return self.process.pid

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def test_ps():
    """Those that live through both looks agree in what does not change."""
    ps = need_tool("ps")

    def look():
        lines = run([ps, "-eo", "pid,ppid,ruid,euid,rgid,nlwp,pgid,etimes,comm"]).stdout.splitlines()[1:]
        return {int(line.split()[0]): line.split(None, 8)[1:] for line in lines}

    def differences():
        """Of those that are the same for ps before and after: (before, row) by pid."""
        begun, before, now = time.time(), look(), time.time()
        rows = {row["pid"]: row for row in sql("SELECT * FROM processes")}
        after = look()
        compared, found = 0, {}
        for pid, old in before.items():
            if pid not in after or old[:6] != after[pid][:6] or old[7] != after[pid][7]:
                continue
            row = rows[pid]
            same = [row[name] for name in ("parent", "uid", "euid", "gid", "threads", "pgroup")] == [int(word) for word in old[:6]]
            named = row["name"].startswith("kworker/") or row["name"] == old[7].removesuffix(" <defunct>") or "\\" in old[7] or "?" in old[7]
            # ps wraps around below zero for a process that starts while it looks
            timed = int(old[6]) > 2 ** 31 or begun - 3 <= row["start_time"] + int(old[6]) <= now + 3
            if not (same and named and timed):
                found[pid] = old, row
            compared += 1
        assert compared > len(before) // 2
        assert len(rows) >= compared
        return found

    wrong = differences()
    for _ in range(4):
        if wrong:  # a thread that lived only in between is no difference the next time
            again = differences()
            wrong = {pid: again[pid] for pid in wrong if pid in again}
    assert not wrong


def test_links_and_arguments():
    folder = temporary()
    with Sleeper(cwd=folder) as pid:
        row = sql(f"SELECT * FROM processes WHERE pid = {pid}")[0]
        proc = pathlib.Path(f"/proc/{pid}")
        assert row["path"] == os.readlink(proc / "exe")
        assert row["cwd"] == str(folder) and row["root"] == "/"
        assert row["cmdline"] == (proc / "cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode()
        assert row["on_disk"] == 1 and row["kernel_thread"] == 0
        for kind in ("mnt", "net", "pid"):
            assert f"{kind}:[{row[kind + '_namespace']}]" == os.readlink(proc / "ns" / kind)
        status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines())
        assert row["cap_effective"] == int(status["CapEff"], 16)
        assert row["no_new_privileges"] == int(status["NoNewPrivs"])


def test_hostile_name():
    code = "import ctypes\nctypes.CDLL(None).prctl(15, b') R 1 (\\n\\xff', 0, 0, 0)"
    with Sleeper(code) as pid:
        row = sql(f"SELECT hex(name) name, state, parent FROM processes WHERE pid = {pid}")[0]
        assert bytes.fromhex(row["name"]) == b") R 1 (\n\xff"
        assert row["state"] == "S" and row["parent"] == os.getpid()


def test_deleted_program():
    folder = temporary()
    program = folder / "sleep"
    program.write_bytes(pathlib.Path(need_tool("sleep")).read_bytes())
    program.chmod(0o755)
    process = subprocess.Popen([program, "60"])
    try:
        query = f"SELECT path, on_disk FROM processes WHERE pid = {process.pid}"
        assert sql(query) == [{"path": str(program), "on_disk": 1}]
        program.unlink()
        assert sql(query) == [{"path": str(program), "on_disk": 0}]
        maps = sql(f"SELECT DISTINCT path, deleted FROM process_maps WHERE pid = {process.pid} AND deleted")
        assert maps == [{"path": str(program), "deleted": 1}]
    finally:
        process.kill()
        process.wait()


def test_open_files():
    path = temporary() / "a b\nc"
    code = f"import socket\nf = open({str(path)!r}, 'w')\ns = socket.socket()"
    with Sleeper(code) as pid:
        rows = {row["fd"]: row for row in sql(f"SELECT * FROM process_files WHERE pid = {pid}")}
        truth = {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        assert {fd: row["path"] for fd, row in rows.items()} == truth
        assert any(row["path"] == str(path) and row["type"] == "file" for row in rows.values())
        assert [f"socket:[{row['inode']}]" for row in rows.values() if row["type"] == "socket"] == \
            [link for link in truth.values() if link.startswith("socket:")] != []
        path.unlink()
        assert sql(f"SELECT path, deleted FROM process_files WHERE pid = {pid} AND deleted") == \
            [{"path": str(path), "deleted": 1}]


def test_mapped_files():
    with Sleeper() as pid:
        truth = set()
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            words = line.split(None, 5)
            if len(words) == 6 and words[5].startswith("/"):
                truth.add((words[1], words[5]))
        rows = sql(f"SELECT perms, path FROM process_maps WHERE pid = {pid}")
        assert {(row["perms"], row["path"]) for row in rows} == truth
        whole = sql(f"SELECT perms, path FROM process_maps WHERE +pid = {pid}")
        assert whole == rows


def test_without_privileges():
    """As nobody, what root would see more of is partial, and root's programs are NULL."""
    need_root()
    query = "SELECT count(*) n, sum(path IS NOT NULL) seen FROM processes WHERE uid = 0 AND NOT kernel_thread"
    ask = ("SELECT c.status, c.reason FROM (SELECT count({1}) FROM {0}) CROSS JOIN coverage c "
           "WHERE c.table_name = '{0}'")
    nobody = {"binary": for_others(WARD)} | NOBODY
    rows = sql(query, **nobody)
    assert rows[0]["n"] > 0 and rows[0]["seen"] == 0
    for table, column in (("processes", "path"), ("processes", "net_namespace"), ("process_files", "pid"),
                          ("process_maps", "pid"), ("sockets", "local_port"), ("listening", "port")):
        coverage = sql(ask.format(table, column), **nobody)
        assert coverage[0]["status"] == "partial" and coverage[0]["reason"], (table, coverage)
    # What anybody may see is complete, and the same rows.
    for column in ("name", "uid", "cmdline", "cgroup_path"):
        coverage = sql(ask.format("processes", column), **nobody)
        assert coverage[0]["status"] == "complete", (column, coverage)
    query = "SELECT pid, name, uid, start_time FROM processes WHERE pid = 1"
    assert sql(query, **nobody) == sql(query)
