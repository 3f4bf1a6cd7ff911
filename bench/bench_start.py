# SPDX-License-Identifier: MulanPSL-2.0
"""How long the program takes to start."""
import bench


def bench_version():
    times = 300
    ours = bench.spawn_seconds(bench.WARD, ["--version"], times)
    true = bench.spawn_seconds(bench.need("true"), [], times)
    fast, middle = ours[0] * 1e3, ours[times // 2] * 1e3
    return [bench.row("ward --version, start to end", f"median {middle:.2f} ms (fastest {fast:.2f})", "<= 3 ms",
                      middle <= 3, f"true: {true[times // 2] * 1e3:.2f} ms")]
