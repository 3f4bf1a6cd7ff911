# SPDX-License-Identifier: MulanPSL-2.0
"""Searching an archive, beside zstdgrep over the same text and ClickHouse over the same events.

The archive holds the recorded attacks of mordor-a (1.36 GB of JSON lines). For 10 GB its day is there seven times under
other dates (block by block the same work as seven recordings), and one more record holds the rare word. zstdgrep reads
the same 10 GB, compressed by `zstd -3`. ClickHouse holds the 1.36 GB once. Times are of one core: threads=1, and of
ClickHouse the CPU time of its server."""
import atexit
import pathlib
import shutil
import subprocess
import sys
import tempfile

import bench

sys.path.insert(0, str(bench.ROOT / "tests" / "it"))

COPIES = 7
RARE = "xq7rare_word"
_made = {}


def files():
    """The archive, and the text compressed; made once."""
    if _made:
        return _made
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ward-bench-search-", dir="/var/tmp"))
    _made["folder"] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    text = folder / "text.jsonl"
    with open(text, "wb") as out:
        subprocess.run([bench.need("zstd"), "-dc", "--long=27", bench.shared("mordor-a.jsonl.zst")], stdout=out, check=True)
    _made["bytes"] = text.stat().st_size
    make = bench.build("bench/make_archive")
    with open(text, "rb") as lines:
        subprocess.run([make, folder / "once", "json"], stdin=lines, check=True)
    shutil.copytree(folder / "once", folder / "many")
    day = next((folder / "many").glob("20*.ward"))
    for number in range(1, COPIES):
        shutil.copy(day, folder / "many" / f"2001-01-{number:02}.ward")
    subprocess.run([make, folder / "many", "json"], input=f'{{"EventID":1,"Image":"{RARE}"}}\n'.encode(), check=True)
    subprocess.run(["zstd", "-q", "-3", "--rm", text, "-o", folder / "one.zst"], check=True)
    with open(folder / "many.zst", "wb") as out:
        for _ in range(COPIES):
            out.write((folder / "one.zst").read_bytes())
        out.write(subprocess.run(["zstd", "-q", "-3", "-c"], input=f'{{"Image":"{RARE}"}}\n'.encode(), capture_output=True, check=True).stdout)
    return _made


def ward(archive, *words, threads=1, times=5):
    return min(bench.costs([bench.WARD, "search", "--archive", archive, "--threads", threads, "--count", *words], times), key=lambda cost: cost.cpu)


def bench_archive():
    made = files()
    folder, size = made["folder"], made["bytes"]
    rows = []
    grep = bench.need("zstdgrep")
    peer = bench.cost([grep, "-c", RARE, folder / "many.zst"])
    if bench.cost([bench.WARD, "search", "--archive", folder / "many", RARE]).status != 0:
        raise bench.CannotMeasure("the rare word was not found")
    # Which blocks a filter is wrong about is chance, and the copies share it: so several words.
    costs = [ward(folder / "many", word, times=3) for word in (RARE, "qq7unheard", "zz_unlikely_8", "host99nowhere", "user_0x1f2e")]
    cpu, wall = bench.median([cost.cpu for cost in costs]), bench.median([cost.wall for cost in costs])
    rows.append(bench.row(f"a rare word in {size * COPIES / 1e9:.1f} GB", f"{cpu * 1000:.0f} ms CPU, {wall * 1000:.0f} ms wall", "<= 100 ms",
                          cpu <= 0.1, f"zstdgrep {peer.cpu:.1f} s CPU, {peer.wall:.1f} s wall"))
    peer = bench.cost([grep, "-ic", "imikat", folder / "one.zst"])
    for what, words, target in [("a part of a word, whole archive read (*imikat*)", "*imikat*", 2.0), ("a field with many hits (Image:*cmd.exe)", "Image:*cmd.exe", None),
                                ("an expression (/mimi.atz/)", "/mimi.atz/", 2.0), ("counting by host", None, None)]:
        words = [words] if words else ["--by", "host"]
        cost = ward(folder / "once", *words)
        speed = size / cost.cpu / 1e9
        rows.append(bench.row(what, f"{speed:.2f} GB/s/core", f">= {target:.0f} GB/s/core" if target else "", None if target is None else speed >= target,
                              f"zstdgrep -i {size / peer.cpu / 1e9:.2f} GB/s"))
    return rows


def server_cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def bench_clickhouse():
    from clickhouse import ClickHouse
    made = files()
    folder, size = made["folder"], made["bytes"]
    rows = []
    with ClickHouse() as server:
        pid = server.process.pid
        before = server_cpu(pid)
        cost = bench.cost([bench.WARD, "deliver", "--archive", folder / "once", "--events", server.url])
        events = int(server.query("SELECT count() FROM ward_events"))
        cpu = server_cpu(pid) - before
        rows.append(bench.row("deliver to ClickHouse", f"{events / cost.wall:,.0f} events/s, {events / cost.cpu:,.0f} per CPU second of ward", "",
                              None, f"server: {events / cpu:,.0f} per CPU second"))
        for what, words, like in [("a rare word", "nonexistent_word", None), ("a part of a word", "*imikat*", "%imikat%"),
                                  ("a field", "Image:*cmd.exe", None), ("counting by host", "", None)]:
            ours = ward(folder / "once", *([words] if words else ["--by", "host"]))
            before = server_cpu(pid)
            theirs = bench.cost([bench.WARD, "search", "--events", server.url, "--count", *([words] if words else ["--by", "host"])])
            cpu = max(server_cpu(pid) - before, 0.01)
            peer = f"ClickHouse {cpu + theirs.cpu:.2f} s"
            if like:
                before = server_cpu(pid)
                server.query(f"SELECT count() FROM ward_events WHERE raw LIKE '{like}'")
                peer += f", LIKE {server_cpu(pid) - before:.2f} s"
            rows.append(bench.row(f"{what}, CPU", f"archive {ours.cpu:.2f} s", "", None, peer))
    return rows
