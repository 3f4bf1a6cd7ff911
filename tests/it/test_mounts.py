# SPDX-License-Identifier: MulanPSL-2.0
"""mounts and sysctl against findmnt, df and sysctl."""
import json
import os

from harness import need_mounted_root, need_tool, run, sql, steadily


@steadily
def test_mounts_are_those_of_findmnt():
    said = json.loads(run([need_tool("findmnt"), "-J", "-l", "-o", "SOURCE,TARGET,FSTYPE,OPTIONS,MAJ:MIN,FSROOT"]).stdout)
    truth = sorted((row["target"], row["fstype"], row["maj:min"], row["fsroot"], frozenset(row["options"].split(",")))
                   for row in said["filesystems"])
    rows = sql("SELECT path, type, device_number, root, flags FROM mounts")
    assert sorted((row["path"], row["type"], row["device_number"], row["root"], frozenset(row["flags"].split(",")))
                  for row in rows) == truth


@steadily
def test_sizes_are_those_of_statvfs():
    need_mounted_root()
    rows = sql("SELECT path, size, inodes FROM mounts WHERE size IS NOT NULL")
    assert "/" in {row["path"] for row in rows} or not rows
    for row in rows:
        fs = os.statvfs(row["path"])
        assert row["size"] == fs.f_blocks * fs.f_frsize, row
        assert row["inodes"] == fs.f_files, row


@steadily
def test_sysctl_is_what_sysctl_says():
    truth = {}
    for line in run([need_tool("sysctl"), "-a"]).stdout.splitlines():
        key, _, value = line.partition(" = ")
        truth[key] = truth[key] + "\n" + value if key in truth else value
    mine = {row["name"]: row["value"] for row in sql("SELECT name, value FROM sysctl WHERE value IS NOT NULL")}
    hidden = ("stable_secret", "tcp_fastopen_key", "stat_refresh")
    old = ("base_reachable_time", "retrans_time")  # names that sysctl leaves out for their newer ones
    assert {key for key in truth if not key.endswith(hidden)} - set(mine) == set()
    assert {key for key in mine if not key.endswith(old)} - set(truth) == set()
    moving = ("kernel.random.", "kernel.ns_last_pid", "fs.", "kernel.pty.nr", "net.netfilter.nf_conntrack_count")
    differ = [key for key in mine if key in truth and truth[key].strip() != mine[key].strip() and not key.startswith(moving)]
    assert not differ, [(key, truth[key], mine[key]) for key in differ]
