# SPDX-License-Identifier: MulanPSL-2.0
"""The walk of fs_findings beside `find -xdev -printf` with the same fields, warm, taking turns."""
import os
import shutil
import tempfile

import bench

ENTRIES = 580000
FIELDS = r"%p %y %m %U %G %s %T@ %C@ %n %i\n"


def count(root):
    entries = 0
    device = os.stat(root).st_dev
    todo = [root]
    while todo:
        try:
            with os.scandir(todo.pop()) as folder:
                for entry in folder:
                    entries += 1
                    if entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_dev == device:
                        todo.append(entry.path)
        except OSError:
            pass
    return entries


def grow(root, left):
    """20 files a folder, 25 folders a folder: about the shape of /usr."""
    os.makedirs(root + "/etc")
    for name in ("passwd", "group"):
        shutil.copy("/etc/" + name, root + "/etc")
    level = [root]
    while left > 0:
        below = []
        for folder in level:
            for number in range(20):
                os.close(os.open(f"{folder}/file-{number}.txt", os.O_CREAT | os.O_WRONLY, 0o644 if number else 0o755))
            for number in range(25):
                os.mkdir(f"{folder}/folder-{number}")
                below.append(f"{folder}/folder-{number}")
            left -= 45
            if left <= 0:
                break
        level = below


def bench_walk():
    find = bench.need("find")
    work = None
    root = "/"
    entries = count(root)
    if entries < ENTRIES * 0.9:
        work = tempfile.mkdtemp(prefix="ward-walk-", dir=os.environ.get("TMPDIR", "/var/tmp"))
        root = work + "/root"
        grow(root, ENTRIES)
        entries = count(root)
    try:
        ours, theirs = [], []
        for _ in range(6):
            ours.append(bench.cost([bench.WARD, "sql", "--root", root, "SELECT count(*) FROM fs_findings"]))
            theirs.append(bench.cost([find, root, "-xdev", "-printf", FIELDS]))
    finally:
        if work:
            shutil.rmtree(work)
    wall, peer = min(run.wall for run in ours[1:]), min(run.wall for run in theirs[1:])
    per = wall * ENTRIES / entries
    return [
        bench.row(f"walk of {entries} entries below {'/' if root == '/' else 'a made tree'}, 2 threads",
                  f"{wall:.2f} s ({min(run.cpu for run in ours[1:]):.2f} s CPU)", "<= 1.0 s for 580,000", per <= 1.0,
                  f"find -printf: {peer:.2f} s ({min(run.cpu for run in theirs[1:]):.2f} s CPU)"),
        bench.row("  times faster than find -printf", f"{peer / wall:.2f}", ">= 1.5", peer / wall >= 1.5),
    ]
