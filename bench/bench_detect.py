# SPDX-License-Identifier: MulanPSL-2.0
"""Detection on one core: every rule on recorded attacks, beside what others published or reached here on the same events.

Known miss: process creation without memory of values. Its eleven thousand texts do not fit into the near cache: of fifteen values an
event, thirty texts and twenty-five beginnings or ends are found, half of which start no rule. Asking for the common ones only when a rule
is tried gave a tenth more there, but took a fifth from the whole; a larger bitmap before the texts is slower."""
import pathlib
import re
import subprocess
import tempfile

import bench

PEER = "Zircolite 872 here; rsigma 19,000-99,000 published, on a faster core"


_events = []


def events():
    """The recorded attacks, decompressed once: nothing else is to run while something is measured."""
    if not _events:
        file = tempfile.NamedTemporaryFile(prefix="ward-bench-detect-", dir="/var/tmp")
        subprocess.run([bench.need("zstd"), "-dc", "--long=27", bench.shared("mordor-a.jsonl.zst")], stdout=file, check=True)
        _events.append(file)
    return _events[0].name


def run(*args, folder=None, times=3):
    """bench_detect's figures, the median of three runs by speed: {"per_second": …, "matches": …, "compile": …}."""
    program = bench.build("bench/bench_detect")
    runs = []
    for _ in range(times):
        done = subprocess.run([program, events(), *([folder] if folder else []), *args], capture_output=True, text=True, check=False)
        figures = {name: float(value) for name, value in re.findall(r"(\w+) ([\d.]+)", done.stderr if "matches" in args else done.stdout)}
        if "per_second" not in figures:
            raise bench.CannotMeasure(f"bench_detect said: {done.stderr.strip()[-200:]}")
        runs.append((figures["per_second"], figures, done.stdout))
    _, figures, out = sorted(runs, key=lambda one: one[0])[len(runs) // 2]
    return figures, out


def unpack(folder):
    subprocess.run(["tar", "-C", folder, "-I", "zstd -d --long=27", "-xf", bench.shared("sigma-rules.tar.zst")], check=True)


def bench_json_lines():
    figures, _ = run()
    return [bench.row("JSON lines into events", f"{figures['per_second']:,.0f} events/s, {figures['bytes'] / figures['seconds'] / 1e6:,.0f} MB/s",
                      ">= 1,000,000", figures["per_second"] >= 1e6)]


def bench_rules():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        unpack(folder)
        figures, _ = run(folder=folder)
        rows.append(bench.row(f"all {figures['rules']:.0f} rules, JSON read, caches cold at the start", f"{figures['per_second']:,.0f} events/s",
                              ">= 400,000", figures["per_second"] >= 4e5, PEER))
        rows.append(bench.row("resident while detecting", f"{figures['resident'] / 1e6:.0f} MB", "<= 150 MB", figures["resident"] <= 150e6))
        both = figures["load"] + figures["compile"]
        rows.append(bench.row("rules loaded and compiled", f"{both:.2f} s", "<= 1.5 s", both <= 1.5))
        figures, _ = run("process", "uncached", folder=folder)
        rows.append(bench.row("process creation alone, nothing remembered", f"{figures['per_second']:,.0f} events/s", ">= 150,000",
                              figures["per_second"] >= 1.5e5))
    return rows


def bench_agreement():
    """All half a million events: no match is missed on which two other engines agree."""
    rows = bench.shared("mordor-a.agreed.tsv").read_text().splitlines()[1:]
    with tempfile.TemporaryDirectory() as folder:
        unpack(folder)
        _, out = run("matches", folder=folder, times=1)
    found = set(out.splitlines())
    missed = [row for row in rows if row not in found]
    return [bench.row("agreed matches found", f"{len(rows) - len(missed)} of {len(rows)}", "all", not missed)]


def bench_web():
    """Our own rules for web servers over an access log made of common and of odd requests."""
    rules = pathlib.Path(bench.ROOT / "content/rules")
    if not rules.is_dir():
        raise bench.CannotMeasure("there are no rules of our own yet")
    program = bench.build("bench/bench_detect")
    odd = ["/?id=1%27%20OR%201=1", "/..%2f..%2fetc/passwd", "/index.php?x=<script>", "/api/v1/claims?member=%d"]
    lines = [f'10.0.{i % 256}.{i // 256 % 256} - - [03/Nov/2026:08:{i // 60 % 60:02}:{i % 60:02} +0800] "GET '
             f'{odd[i % 4] if i % 50 == 0 else f"/static/page{i % 977}.html?v={i}"} HTTP/1.1" 200 {i % 9000} "-" "Mozilla/5.0 (X11; Linux x86_64)"\n'
             for i in range(400000)]
    done = subprocess.run([program, "-", rules, "format=access"], input="".join(lines), capture_output=True, text=True, check=False)
    figures = {name: float(value) for name, value in re.findall(r"(\w+) ([\d.]+)", done.stdout)}
    if "per_second" not in figures:
        raise bench.CannotMeasure(f"bench_detect said: {done.stderr.strip()[-200:]}")
    return [bench.row(f"web access log, {figures['rules']:.0f} rules of our own", f"{figures['per_second']:,.0f} lines/s", ">= 1,000,000",
                      figures["per_second"] >= 1e6)]
