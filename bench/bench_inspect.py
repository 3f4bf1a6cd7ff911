# SPDX-License-Identifier: MulanPSL-2.0
"""All native checks on this machine, beside lynis."""
import bench

TIMES = 15


def bench_inspect():
    runs = bench.costs([bench.WARD, "inspect"], TIMES)
    if any(run.status not in (0, 1) for run in runs):
        raise bench.CannotMeasure(f"ward inspect ended with {runs[0].status}")
    cpu = bench.median([run.cpu for run in runs])
    resident = max(run.resident for run in runs) / 1e6
    rows = [bench.row("ward inspect, resident", f"{resident:.1f} MB", "<= 30 MB", resident <= 30)]
    try:
        lynis = bench.cost([bench.need("lynis"), "audit", "system", "--quick", "--quiet",
                            "--logfile", "/dev/null", "--report-file", "/dev/null"]).cpu
        rows.append(bench.row("ward inspect against lynis, CPU", f"{lynis / cpu:.0f} times less", ">= 200 times",
                              lynis / cpu >= 200, f"lynis {lynis:.1f} s"))
    except bench.CannotMeasure as why:
        rows.append(bench.row("ward inspect against lynis, CPU", f"not measured: {why}", ">= 200 times", None))
    return [bench.row("ward inspect, CPU, warm", f"{cpu * 1e3:.0f} ms", "<= 150 ms", cpu <= 0.150), *rows]
