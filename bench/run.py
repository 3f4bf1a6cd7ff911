#!/usr/bin/env python3
# SPDX-License-Identifier: MulanPSL-2.0
"""Measure every figure that has a target, each beside its peer in the same run.

Each bench/bench_TOPIC.py has functions bench_*() that return a list of rows made by bench.row();
this prints them as a table and says which missed its target. `bench/run.py WORD…` runs only the
functions whose name (TOPIC/NAME) holds a WORD. Exit status 1 when a target is missed.
"""
import importlib
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import bench  # noqa: E402


def main():
    wanted = sys.argv[1:]
    rows = []
    for path in sorted(FOLDER.glob("bench_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in list(vars(module).items()):
            label = f"{path.stem.removeprefix('bench_')}/{name.removeprefix('bench_')}"
            if not name.startswith("bench_") or not callable(function):
                continue
            if wanted and not any(word in label for word in wanted):
                continue
            print(f"… {label}", file=sys.stderr, flush=True)
            try:
                rows += function()
            except bench.CannotMeasure as why:
                rows.append(bench.Row(label, f"not measured: {why}", "", "", None))
    if not rows:
        print("nothing to measure", file=sys.stderr)
        return 1
    widths = [max(len(row[column]) for row in [bench.HEAD, *rows]) for column in range(4)]
    for row in [bench.HEAD, *rows]:
        print("  ".join(text.ljust(width) for text, width in zip(row[:4], widths)),
              {True: " reached", False: " MISSED", None: ""}[row[4]])
    return 1 if any(row.reached is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
