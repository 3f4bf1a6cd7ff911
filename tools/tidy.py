#!/usr/bin/env python3
# SPDX-License-Identifier: MulanPSL-2.0
"""tidy.py BUILD JOBS: clang-tidy over the sources in src/ and fuzz/ that BUILD compiles; exit 1 when it speaks.

Tests are left out: the analyzer does not know that a cmocka assertion does not return."""
import concurrent.futures
import json
import pathlib
import subprocess
import sys

build, jobs = pathlib.Path(sys.argv[1]), int(sys.argv[2])
root = pathlib.Path(__file__).resolve().parent.parent
entries = json.loads((build / "compile_commands.json").read_text())
files = sorted(file for file in {(build / entry["file"]).resolve() for entry in entries}
               if file.is_relative_to(root / "src") or file.is_relative_to(root / "fuzz"))


def tidy(file):
    done = subprocess.run(["clang-tidy", "--quiet", "-p", build, file], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
    answers = list(pool.map(tidy, files))
for _, said in answers:
    print(said, end="")
print(f"clang-tidy: {len(files)} files, {sum(bool(said.strip()) for _, said in answers)} with remarks")
sys.exit(any(status or said.strip() for status, said in answers))
