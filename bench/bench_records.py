# SPDX-License-Identifier: MulanPSL-2.0
"""The records: durable writes with their journal from 200 clients at once, and reads by id. The peer is SQLite itself with the same
settings and one transaction a write, which is what a server without a common commit does."""
import sqlite3
import subprocess
import tempfile
import time

import bench

CLIENTS, ROWS = 200, 1000000


def one_by_one(folder, seconds=2.0):
    """Durable writes a second, each in a transaction of its own."""
    db = sqlite3.connect(f"{folder}/peer.db", isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "CREATE TABLE thing (id INTEGER PRIMARY KEY, number TEXT, org INTEGER, note TEXT);"
                     "CREATE TABLE journal (seq INTEGER PRIMARY KEY, time INTEGER, after TEXT, hash TEXT)")
    n, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO thing (number, org, note) VALUES (?, ?, ?)", ("CHG-2026-0001", n, "the window was moved to Sunday"))
        db.execute("INSERT INTO journal (time, after, hash) VALUES (?, ?, ?)", (n, '{"state": "assessed"}', "0" * 64))
        db.execute("COMMIT")
        n += 1
    db.close()
    return n / seconds


def bench_records():
    program = bench.build("bench/bench_records")
    with tempfile.TemporaryDirectory(prefix="ward-bench-", dir="/var/tmp") as folder:
        peer = one_by_one(folder)
        done = subprocess.run([program, f"{folder}/records.db", str(CLIENTS), "5", str(ROWS)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise bench.CannotMeasure(f"bench_records said: {done.stderr.strip()[-200:]}")
    writes, median, worst, reads, late = (float(word) for word in done.stdout.split())
    return [
        bench.row(f"records: durable writes with journal, {CLIENTS} clients", f"{writes:.0f}/s, p50 {median:.1f} ms, p99 {worst:.1f} ms",
                  ">= 2,000/s, p99 <= 25 ms", writes >= 2000 and worst <= 25, f"SQLite, one commit a write: {peer:.0f}/s"),
        bench.row(f"records: read by id, one moment each, {ROWS:,} rows, 1 thread", f"{reads:.0f}/s, p99 {late / 1000:.3f} ms",
                  ">= 5,000/s, p99 <= 5 ms", reads >= 5000 and late <= 5000),
    ]
