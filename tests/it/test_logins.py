# SPDX-License-Identifier: MulanPSL-2.0
"""logins, lastlog, sessions and shell_env against last, lastlog, who and bash."""
import datetime
import platform
import struct
import time

from harness import Skip, need_root, need_tool, run, sql, tree


def record(kind, pid, line, user, host, when):
    if platform.machine() != "x86_64":
        raise Skip("the records of this machine have another form")
    return struct.pack("<hxxi32s4s32s256shhiii16s20s", kind, pid, line.encode(), b"x", user.encode(), host.encode(),
                       0, 0, 0, when, 0, b"", b"")


def records():
    start = int(time.time()) - 86400
    made = [record(2, 0, "~", "reboot", "6.1", start)]
    for i in range(1, 200):
        line = f"pts/{i * 7 % 5}"
        made.append(record(8 if i % 3 == 0 else 7, 1000 + i, line, "" if i % 3 == 0 else f"user{i % 11}",
                           "" if i % 3 == 0 else f"10.0.0.{i}", start + i * 60))
        if i % 60 == 0:
            made.append(record(1, 0, "~", "shutdown", "6.1", start + i * 60 + 5))
            made.append(record(2, 0, "~", "reboot", "6.1", start + i * 60 + 30))
    return b"".join(made)


def told_by_last(path):
    """(user, tty, host, start, end or None) newest first."""
    done = run([need_tool("last"), "-F", "-w", "-f", path])
    assert done.returncode == 0, done.stderr
    found = []
    for line in done.stdout.splitlines():
        words = line.split()
        if len(words) < 8 or words[0] in ("reboot", "shutdown", "wtmp"):
            continue
        stamp = "%b %d %H:%M:%S %Y"
        at = words.index(next(word for word in words if word in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")))
        def moment(part):
            return int(datetime.datetime.strptime(" ".join(part), stamp).replace(
                tzinfo=datetime.timezone.utc).timestamp())
        end = moment(words[at + 7:at + 11]) if words[at + 5] == "-" and words[at + 6] not in ("crash", "down") else words[at + 6]
        found.append((words[0], words[1], words[2], moment(words[at + 1:at + 5]), end))
    return found


def test_logins_are_those_of_last():
    root = tree({"etc/os-release": "ID=x\n", "var/log/wtmp": records(), "var/log/btmp": b""})
    truth = told_by_last(root / "var/log/wtmp")
    rows = sql("SELECT * FROM logins WHERE type_name = 'login'", root)[::-1]
    assert len(truth) == len(rows) > 100
    for told, row in zip(truth, rows):
        assert told[:4] == (row["username"], row["tty"], row["host"], row["time"]), (told, row)
        if isinstance(told[4], int):
            assert told[4] == row["end_time"], (told, row)


def test_lastlog_is_that_of_lastlog():
    need_root()
    log = bytearray(292 * 3000)
    for uid in (0, 7, 2999):
        log[uid * 292:(uid + 1) * 292] = struct.pack("<i32s256s", 1700000000 + uid, b"pts/3", b"10.1.2.3")
    names = {0: "root", 7: "seven", 8: "eight", 2999: "far", 70000: "beyond"}
    root = tree({"etc/os-release": "ID=x\n", "var/log/lastlog": bytes(log),
                 "etc/passwd": "".join(f"{name}:x:{uid}:{uid}::/:/bin/sh\n" for uid, name in names.items())})
    rows = {row["username"]: row["time"] for row in sql("SELECT * FROM lastlog", root)}
    assert rows == {"root": 1700000000, "seven": 1700000007, "eight": None, "far": 1700002999, "beyond": None}
    told = run([need_tool("lastlog")]).stdout.splitlines()[1:]
    rows = {row["username"]: row["time"] for row in sql("SELECT * FROM lastlog")}
    for line in told:
        assert ("Never logged in" in line) == (rows[line.split()[0]] is None), line


def test_sessions_are_those_of_who():
    text = record(2, 0, "~", "reboot", "6.1", 1700000000) + record(7, 1, "pts/1", "bao", "10.0.0.5", 1700000100) + \
        record(8, 2, "pts/2", "", "", 1700000100) + record(7, 3, "tty1", "root", "", 1700000200)
    root = tree({"etc/os-release": "ID=x\n", "run/utmp": text})
    told = [line.split()[:2] for line in run([need_tool("who"), root / "run/utmp"]).stdout.splitlines()]
    rows = sql("SELECT username, tty FROM sessions", root)
    assert told and told == [list(row.values()) for row in rows]


def test_shell_env_is_what_bash_makes_of_it():
    text = ("export TMOUT=600 HISTSIZE=\"1 0\"\nPATH=/bin:'/us r/bin'; umask 0027\nHISTFILE=a\\ b\n"
            "typeset -r HISTCONTROL=x\n# HISTIGNORE=no\nHISTTIMEFORMAT='%F # %T'\nreadonly TMOUT\n")
    root = tree({"etc/os-release": "ID=x\n", "etc/profile": text})
    rows = sql("SELECT * FROM shell_env", root)
    script = f". {root}/etc/profile; umask; " + "".join(
        f'echo "${{{row["variable"]}}}";' for row in rows if row["variable"] != "umask") + "readonly -p"
    told = run([need_tool("bash"), "--norc", "--noprofile", "-c", script]).stdout.splitlines()
    values = [row["value"] for row in rows if row["variable"] != "umask"]
    assert [row["value"] for row in rows if row["variable"] == "umask"] == told[:1]
    assert told[1:1 + len(values)] == values and len(values) == 6
    for row in rows:
        assert bool(row["is_readonly"]) == any(f" {row['variable']}=" in line for line in told[1 + len(values):]), row
