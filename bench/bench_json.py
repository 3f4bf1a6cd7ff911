# SPDX-License-Identifier: MulanPSL-2.0
"""The JSON parser beside jansson and cJSON, on real log lines."""
import re
import subprocess

import bench

MEGABYTES = 60


def bench_parser():
    """bench_json.c prints "  ward  1234 MB/s" and so on, in two sections: line by line, and as arrays."""
    source = subprocess.Popen([bench.need("zstd"), "-dc", bench.shared("mordor-a.jsonl.zst")],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    program = bench.build("bench/bench_json")
    done = subprocess.run([program, "-", str(MEGABYTES)], stdin=source.stdout, capture_output=True, text=True, check=False)
    source.stdout.close()
    source.wait()
    rows = []
    for section in re.split(r"^JSON, ", done.stdout, flags=re.MULTILINE)[1:]:
        speed = {name: int(value) for name, value in re.findall(r"^\s+(\w+)\s+(\d+) MB/s", section, re.MULTILINE)}
        rows.append(bench.row(f"JSON into doc, {section.split(',')[0]}", f"{speed['ward']} MB/s", ">= 800 MB/s",
                              speed["ward"] >= 800, f"cJSON {speed['cJSON']}, jansson {speed['jansson']} MB/s"))
    if not rows:
        raise bench.CannotMeasure(f"bench_json said: {done.stderr.strip()[-200:]}")
    return rows
