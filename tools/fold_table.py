#!/usr/bin/env python3
# SPDX-License-Identifier: MulanPSL-2.0
"""Print src/base/fold_table.h: Unicode's simple case folding (statuses C and S of CaseFolding.txt) as runs.

Python knows full folding; where that gives several characters, the simple one is the lower case letter if it
folds to the same text, and otherwise there is none."""
import sys
import unicodedata


def simple(code):
    char = chr(code)
    full = char.casefold()
    if len(full) == 1:
        return ord(full)
    lower = char.lower()
    return ord(lower) if len(lower) == 1 and lower.casefold() == full else code


def main():
    runs = []  # [first, last, step, delta]
    for code in range(0x80, sys.maxunicode + 1):
        if 0xd800 <= code < 0xe000 or simple(code) == code:
            continue
        delta = simple(code) - code
        if runs and runs[-1][3] == delta:
            first, last, step, _ = runs[-1]
            if code - last in (1, 2) and (first == last or code - last == step):
                runs[-1][1:3] = [code, code - last]
                continue
        runs.append([code, code, 1, delta])
    print("/* SPDX-License-Identifier: MulanPSL-2.0\n *\n * fold_table: Unicode", unicodedata.unidata_version,
          "simple case folding beyond ASCII; made by tools/fold_table.py.\n"
          " * Each run: every `step`-th character from first to last folds to itself plus delta.\n */\n"
          "#ifndef WARD_BASE_FOLD_TABLE_H\n#define WARD_BASE_FOLD_TABLE_H\n\n"
          "static const struct fold_run {\n\tuint32_t first, last, step;\n\tint32_t delta;\n} fold_runs[] = {")
    for i in range(0, len(runs), 3):
        print("\t" + " ".join("{ 0x%x, 0x%x, %d, %d }," % tuple(run) for run in runs[i:i + 3]))
    print("};\n\n#endif")


if __name__ == "__main__":
    main()
