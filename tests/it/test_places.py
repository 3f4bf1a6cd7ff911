# SPDX-License-Identifier: MulanPSL-2.0
"""Ward in odd places: user namespaces, terminals that are narrow or dumb, outputs that are full or closed."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from harness import WARD, Skip, environment, need_root, need_tool, run, temporary, tree, ward

HOST = {"etc/os-release": "ID=debian\nVERSION_ID=12\n", "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
        "etc/group": "root:x:0:\n", "etc/hostname": "a\n", "etc/login.defs": "PASS_MAX_DAYS 99999\n"}


def on_terminal(args, columns, env=None, stop_after=None):
    """What a program shows on a terminal of so many columns, and its exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        for key, value in (environment() | {"TERM": "xterm"} | (env or {})).items():
            os.environ[key] = value
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execv(WARD, [WARD, *map(str, args)])
    shown, end, told = b"", time.monotonic() + 180, False
    while time.monotonic() < end:
        if stop_after and not told and stop_after in shown:
            os.kill(pid, signal.SIGINT)
            told = True
        if not select.select([fd], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(fd)
    return shown.decode("utf-8", "replace"), os.waitpid(pid, 0)[1]


def test_narrow_dumb_and_colourless_terminals():
    root = tree(HOST)
    shown, _ = on_terminal(["inspect", "--root", root, "--only", "passwords-*"], 34)
    assert "\033[1m" in shown
    plain = re.sub(r"\033\[[0-9;]*[mK]", "", shown)
    long = [line for line in plain.replace("\r", "").split("\n") if len(line) > 34 and " " in line.strip()]
    assert not [line for line in long if not re.match(r"^(•|Self|fail)", line)], long
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        shown, _ = on_terminal(["inspect", "--root", root, "--only", "passwords-*"], 80, env)
        assert "\033[1m" not in shown and "PASS_MAX_DAYS" in shown, env
    shown, _ = on_terminal(["inspect", "--root", root, "--deep", "--only", "passwords-*"], 80, {"TERM": "dumb"})
    assert "\033" not in shown, shown[:500]


def test_progress_stays_on_its_line():
    shown, _ = on_terminal(["inspect", "--root", tree(HOST), "--deep", "--only", "accounts-*"], 20)
    told = [part for part in shown.split("\r\033[K") if part.startswith("[")]
    assert told and all(len(part) < 20 for part in told), told


def test_interrupt_leaves_a_clean_line():
    root = tree(HOST)
    for i in range(64):
        (root / "usr" / str(i) / "a" / "b").mkdir(parents=True)
    shown, status = on_terminal(["inspect", "--deep", "--root", "/", "--only", "files-*"], 80, stop_after=b"fs_findings")
    if os.WIFEXITED(status):
        return  # it was faster
    assert os.WTERMSIG(status) == signal.SIGINT and shown.endswith("\r\033[K"), (status, shown[-200:])


def test_full_and_closed_outputs():
    root = tree(HOST)
    for args in (["inspect", "--root", root], ["sql", "SELECT 1"], ["check", "list"], ["--version"], ["help"]):
        with open("/dev/full", "wb") as full:
            done = run([WARD, *args], stdout=full)
        assert done.returncode == 2 and "no space left" in done.stderr, (args, done.stderr)
        done = run(["/bin/sh", "-c", 'exec "$@" >&-', "sh", WARD, *args])
        assert done.returncode == 2 and "closed" in done.stderr, (args, done.stderr)


def test_a_report_never_replaces_a_device_nor_follows_a_stranger():
    need_root()
    folder = temporary()
    os.mknod(folder / "null", 0o666 | 0o020000, os.makedev(1, 3))
    os.mkfifo(folder / "pipe")
    done = ward("inspect", "--root", tree(HOST), "--report", folder / "null", "--save", folder / "null")
    assert done.returncode in (0, 1), done.stderr
    assert (folder / "null").is_char_device()
    mine = folder / "mine"
    mine.write_text("mine")
    (folder / "out.json").symlink_to(mine)
    assert ward("inspect", "--root", tree(HOST), "--save", folder / "out.json").returncode == 1
    assert mine.read_text() == "mine" and json.loads((folder / "out.json").read_text())
    assert sorted(path.name for path in folder.iterdir()) == ["mine", "null", "out.json", "pipe"]


def test_a_user_namespace_hides_owners_and_nobody_is_blamed():
    need_root()
    unshare = need_tool("unshare")
    root = tree(HOST)
    (root / "etc/shadow").write_text("root:*:1::::::\n")
    os.chown(root / "etc/shadow", 0, 4242)
    (root / "etc/shadow").chmod(0o640)
    (root / "etc/group").write_text("root:x:0:\nshadow:x:4242:\n")
    only = ["inspect", "--root", root, "--only", "accounts-files-protected", "--format", "json"]
    verdict = json.loads(ward(*only).stdout)["verdicts"][0]
    assert verdict["verdict"] == "pass", verdict
    if run([unshare, "-Ur", "true"]).returncode:
        raise Skip("no user namespaces here")
    done = run([unshare, "-Ur", WARD, *only])
    verdict = json.loads(done.stdout)["verdicts"][0]
    assert verdict["verdict"] == "unknown" and "namespace" in verdict["reason"], verdict


def test_a_mistyped_root_is_said():
    done = ward("inspect", "--root", temporary())
    assert done.returncode == 2 and "holds no Linux system" in done.stderr
