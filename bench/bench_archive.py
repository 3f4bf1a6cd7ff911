# SPDX-License-Identifier: MulanPSL-2.0
"""Blocks of the archive beside zstd and xz on the same text: how small, how fast made, read back and searched."""
import pathlib
import re
import subprocess
import tempfile

import bench

MORDOR_MIB = 400
SYSLOG_LINES = 300000


def measure(path, words=(), most=0):
    program = bench.build("bench/bench_archive")
    done = subprocess.run([program, path, "32", str(most), "0", *words], capture_output=True, text=True, check=False)
    found = re.search(r"raw (\d+) stored (\d+) filter (\d+) .* make (\d+) MB/s read (\d+) MB/s", done.stdout)
    if not found:
        raise bench.CannotMeasure(f"bench_archive said: {done.stderr.strip()[-200:]}")
    speeds = [int(value) for value in re.findall(r"^find .* (\d+) MB/s", done.stdout, re.MULTILINE)]
    return [int(value) for value in found.groups()], speeds


def compressed(path, *command):
    """Bytes that the command writes, and MB/s of CPU time."""
    with tempfile.NamedTemporaryFile() as out:
        cost = bench.cost([bench.need(command[0]), *command[1:], path], stdout=out)
        size = pathlib.Path(out.name).stat().st_size
    return size, pathlib.Path(path).stat().st_size / 1e6 / max(cost.cpu, 1e-3)


def bench_mordor():
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as raw:
        bench.cost([bench.need("zstd"), "-dc", "--long=27", bench.shared("mordor-a.jsonl.zst")], stdout=raw)
        (size, stored, filters, make, read), find = measure(raw.name, ["mimikatz", "Administrator"], 0)
        peer, speed = compressed(raw.name, "zstd", "-9", "-c")
    ratio = size / (stored + filters)
    return [
        bench.row("Mordor, blocks and filters", f"{ratio:.0f} times smaller ({size / stored:.0f} without filters)", ">= 150", ratio >= 150,
                  f"zstd -9 {size / peer:.0f}"),
        bench.row("Mordor, making blocks", f"{make} MB/s", ">= 150 MB/s", make >= 150, f"zstd -9 {speed:.0f} MB/s"),
        bench.row("Mordor, looking for a word in blocks", f"{min(find)} MB/s", ">= 2000 MB/s", min(find) >= 2000, f"reading all {read} MB/s"),
    ]


def row_of_log(what, path):
    (size, stored, filters, make, _), _ = measure(path)
    best, _ = compressed(path, "zstd", "-19", "-c")
    xz, _ = compressed(path, "xz", "-c")
    ratio = best / (stored + filters)
    return bench.row(f"{what}, against zstd -19", f"{ratio:.2f} times smaller ({size / (stored + filters):.1f} of raw, {make} MB/s)",
                     ">= 1.5", ratio >= 1.5, f"xz {best / xz:.2f}, without filters {best / stored:.2f}")


def bench_syslog():
    with tempfile.NamedTemporaryFile(suffix=".log") as out:
        subprocess.run(["python3", bench.ROOT / "bench/make_logs.py", str(SYSLOG_LINES)], stdout=out, check=True)
        return [row_of_log("varied syslog", out.name)]


def bench_own_logs():
    rows = []
    for name in ("dpkg.log", "apt/history.log", "apt/term.log", "auth.log", "syslog", "kern.log"):
        path = pathlib.Path("/var/log") / name
        if path.exists() and path.stat().st_size > 100000:
            rows.append(row_of_log(f"/var/log/{name}", path))
    return rows
