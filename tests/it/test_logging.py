# SPDX-License-Identifier: MulanPSL-2.0
"""journald_conf, logfiles and logrotate against the programs that read the same files."""
import os
import pathlib
import re

from harness import Skip, need_root, need_tool, run, sql, steadily, tree

OS = {"etc/os-release": "ID=debian\n"}


def test_journald_is_what_systemd_reads():
    done = run([need_tool("systemd-analyze"), "cat-config", "systemd/journald.conf"])
    if done.returncode != 0:
        raise Skip("systemd-analyze cannot say")
    truth, section = {}, ""
    for line in done.stdout.splitlines():
        if match := re.match(r"\[(.*)\]$", line.strip()):
            section = match[1]
        elif section == "Journal" and (match := re.match(r"(#?)(\w+)\s*=\s*(.*)", line.strip())):
            if not match[1]:
                truth[match[2]] = match[3]
            elif match[3]:
                truth.setdefault(match[2], match[3])
    mine = {row["key"]: row["value"] for row in sql("SELECT key, value FROM journald_conf")}
    assert truth and {key: mine.get(key) for key in truth} == truth
    assert set(mine) >= set(truth)


def test_dropins_win_as_in_systemd():
    root = tree(OS | {
        "etc/systemd/journald.conf": "[Journal]\nStorage=none\nSeal=no\n",
        "etc/systemd/journald.conf.d/20-b.conf": "[Journal]\nStorage=volatile\n",
        "usr/lib/systemd/journald.conf.d/10-a.conf": "[Journal]\nStorage=persistent\nSeal=yes\n",
    })
    truth = run([need_tool("systemd-analyze"), "cat-config", f"--root={root}", "systemd/journald.conf"])
    if truth.returncode != 0:
        raise Skip("systemd-analyze cannot look into a tree")
    last = {}
    for line in truth.stdout.splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            last[key] = value
    mine = sql("SELECT key, value FROM journald_conf WHERE NOT is_default", root=root)
    assert {row["key"]: row["value"] for row in mine} == last == {"Storage": "volatile", "Seal": "yes"}


@steadily
def test_log_files_are_all_there():
    need_root()
    truth = {}
    for folder, _, names in os.walk("/var/log"):
        for name in names:
            path = pathlib.Path(folder, name)
            if not path.is_symlink() and path.is_file():
                truth[str(path)] = path.stat().st_mode & 0o7777
    mine = {row["path"]: row["mode"] for row in sql("SELECT path, mode FROM logfiles")}
    assert mine == truth


def test_rotation_is_what_logrotate_would_do():
    tool = need_tool("logrotate")
    root = tree({"logs/a.log": "x\n", "logs/b.log": "x\n", "var/": ""})
    conf = root / "etc" / "logrotate.conf"
    conf.parent.mkdir()
    (conf.parent / "os-release").write_text("ID=debian\n")
    conf.write_text(f"weekly\nrotate 4\n{root}/logs/a.log {{\n daily\n rotate 180\n}}\n{root}/logs/b.log {{\n compress\n}}\n")
    conf.chmod(0o644)
    done = run([tool, "-d", "-s", root / "var" / "state", conf])
    truth = re.findall(r"rotating pattern: (\S+)\s+(?:after \d+ \w+|(\w+ly|after 1 days|weekly|daily))? ?\((\d+) rotations\)", done.stderr)
    assert truth, done.stderr
    mine = {row["path"]: row["keep"] for row in sql("SELECT path, keep FROM logrotate", root=root)}
    assert mine == {path: int(keep) for path, _, keep in truth}
