#!/usr/bin/env python3
# SPDX-License-Identifier: MulanPSL-2.0
"""Run every test and count: unit tests, replayed fuzz corpora, integration tests.

Unit tests are the cmocka programs of build-asan (each TAP line is one test); a fuzzer with its
corpus is one test; every function test_* of tests/it/test_*.py is one test. Python standard
library only. --soak runs tests/soak/test_*.py instead, which last long. The last line is "N passed, N failed, N skipped".
"""
import argparse
import importlib
import json
import os
import pathlib
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-asan"
IT = ROOT / "tests" / "it"
SOAK = ROOT / "tests" / "soak"
TIMEOUT = 600  # seconds for one program or one integration test, on a machine that is much slower than ours
SOAK_TIMEOUT = 3600  # and for one of tests/soak
sys.path[:0] = [str(IT), str(SOAK)]


class Report:
    """What came out; results arrive from several threads."""

    def __init__(self, verbose):
        self.verbose, self.lock = verbose, threading.Lock()
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.skips, self.times = [], []

    def add(self, name, result, text="", seconds=0.0):
        with self.lock:
            self.counts[result] += 1
            self.times.append((seconds, name))
            if result == "failed":
                print(f"FAILED  {name}\n" + "".join(f"    {line}\n" for line in text.rstrip().splitlines()), end="")
            elif result == "skipped":
                self.skips.append((name, text))
            elif self.verbose:
                print(f"ok      {name}  {seconds:.2f} s\n" + "".join(f"    {line}\n" for line in text.splitlines()), end="")
            sys.stdout.flush()

    def finish(self):
        reasons = {}
        for name, reason in self.skips:
            reasons.setdefault(reason, []).append(name)
        for reason, names in sorted(reasons.items()):
            print(f"skipped {', '.join(sorted(names))}: {reason}")
        if self.verbose:
            for seconds, name in sorted(self.times, reverse=True)[:10]:
                print(f"slow    {seconds:6.2f} s  {name}")
        print("{passed} passed, {failed} failed, {skipped} skipped".format(**self.counts))
        return 1 if self.counts["failed"] or not self.counts["passed"] else 0


def program(args, env):
    """Run a program; its exit status (None: out of time), its output and the seconds it took."""
    start = time.monotonic()
    try:
        done = subprocess.run(args, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT, cwd=ROOT, check=False)
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        status, output = None, late.stdout or b""
    return status, output.decode("utf-8", "replace"), time.monotonic() - start


def run_unit(report, name, path, env):
    status, output, seconds = program([path], env | {"CMOCKA_MESSAGE_OUTPUT": "TAP"})
    planned, results, notes = 0, [], []
    for line in output.splitlines():
        if match := re.match(r"1\.\.(\d+)", line):
            planned += int(match[1])
        elif match := re.match(r"(not )?ok \d+ (?:- )?(# SKIP)?\s*(.*)", line):
            result = "skipped" if match[2] else "failed" if match[1] else "passed"
            results.append((match[3], result, notes))  # what it printed; cmocka's own words follow it
            notes = []
        elif line.startswith("#") and results:
            results[-1][2].append(line)
        else:
            notes.append(line)
    for test, result, words in results:
        report.add(f"{name}/{test}", result, "skip() in the test" if result == "skipped" else "\n".join(words),
                   seconds / len(results))
    seen, failed = len(results), any(result == "failed" for _, result, _ in results)
    if status is None:
        report.add(name, "failed", f"not done after {TIMEOUT} s\n{output[-4000:]}", seconds)
    elif seen < planned or not seen or (status and not failed):
        report.add(name, "failed", f"exit status {status}, {seen} of {planned} tests ran\n" +
                   "\n".join(notes)[-8000:], seconds)


def run_fuzz(report, name, path, env):
    corpus = ROOT / "fuzz" / "corpus" / pathlib.Path(path).name.removeprefix("fuzz_")
    files = sorted(str(file) for file in corpus.rglob("*") if file.is_file())
    if not files:
        report.add(name, "failed", f"no corpus in {corpus.relative_to(ROOT)}")
        return
    status, output, seconds = program([path, *files], env)
    report.add(name, "failed" if status != 0 else "passed",
               f"exit status {status} (None: not done in time)\n{output[-8000:]}", seconds)


class Worker:
    """A process that runs integration tests one at a time; killed and replaced when one hangs."""

    def __init__(self, env):
        self.env, self.process = env, None

    def run(self, module, function):
        if not self.process:
            self.process = subprocess.Popen([sys.executable, __file__, "--worker"], env=self.env, cwd=ROOT, text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        start = time.monotonic()
        timeout = SOAK_TIMEOUT if (SOAK / f"{module}.py").exists() else TIMEOUT
        killer = threading.Timer(timeout, self.kill)
        killer.start()
        try:
            self.process.stdin.write(f"{module} {function}\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        killer.cancel()
        seconds = time.monotonic() - start
        if not line:
            self.kill()
            self.process = None
            return "failed", "not done in time" if seconds >= timeout else "the test ended its process", seconds
        answer = json.loads(line)
        return answer["result"], answer["text"], seconds

    def kill(self):
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def work():
    """The worker's side: "module function" lines in, one JSON line each out; output is kept apart."""
    import harness  # noqa: PLC0415 (the parent does not need it)
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        module, function = line.split()
        with tempfile.TemporaryFile() as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            result, text = "passed", ""
            try:
                getattr(importlib.import_module(module), function)()
            except harness.Skip as skip:
                result, text = "skipped", str(skip)
            except BaseException:  # whatever a test does, the next one runs
                result, text = "failed", traceback.format_exc()
            finally:
                harness.clean_up()
            sys.stdout.flush()
            sys.stderr.flush()
            log.seek(0)
            if result == "failed" or (result == "passed" and (SOAK / f"{module}.py").exists()):
                text += log.read()[-8000:].decode("utf-8", "replace")
        answers.write(json.dumps({"result": result, "text": text}) + "\n")
        answers.flush()


def collect(folder, selected, unselected, report):
    """All tests as (kind, name, path or module, function), long-lived kinds first."""
    tests = []
    targets = BUILD / "meson-info" / "intro-targets.json"
    if not targets.exists():
        sys.exit("build-asan is not there: `make test` builds it")
    programs = [target for target in json.loads(targets.read_text()) if target["type"] == "executable"]
    for module in sorted(folder.glob("test_*.py")):
        functions = re.findall(r"^def (test_\w+)\(\)", module.read_text(), re.MULTILINE)
        if not functions:
            report.add(f"{folder.name}/{module.stem}", "failed", "no function test_*() in it")
        topic = module.stem.removeprefix("test_")
        tests += [("it", f"{folder.name}/{topic}/{function.removeprefix('test_')}", module.stem, function) for function in functions]
    for kind, prefix in (("unit", "test_"), ("fuzz", "fuzz_")) if folder == IT else ():
        for target in sorted(programs, key=lambda target: target["name"]):
            if target["name"].startswith(prefix):
                tests.append((kind, f"{kind}/{target['name'].removeprefix(prefix)}", target["filename"][0], ""))
    return [test for test in tests
            if (not selected or any(word in test[1] for word in selected)) and
            not any(word in test[1] for word in unselected)]


def main():
    parser = argparse.ArgumentParser(description="Run the tests.")
    parser.add_argument("-k", action="append", default=[], metavar="WORD",
                        help="only tests whose name (unit/utf8, fuzz/json, it/layers/...) holds WORD; repeatable")
    parser.add_argument("-x", action="append", default=[], metavar="WORD", help="without those that hold WORD")
    parser.add_argument("-v", action="store_true", help="name every test and the slowest ones")
    parser.add_argument("-j", type=int, default=2, help="how many at a time (2)")
    parser.add_argument("--soak", action="store_true", help="the long tests of tests/soak, and only these")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work()
        return 0
    import harness  # noqa: PLC0415
    env = harness.environment()
    report = Report(options.v)
    tests = queue.SimpleQueue()
    for test in collect(SOAK if options.soak else IT, options.k, options.x, report):
        tests.put(test)

    def thread():
        worker = Worker(env)
        while True:
            try:
                kind, name, what, function = tests.get_nowait()
            except queue.Empty:
                break
            if kind == "unit":
                run_unit(report, name, what, env)
            elif kind == "fuzz":
                run_fuzz(report, name, what, env)
            else:
                report.add(name, *worker.run(what, function))
        worker.close()

    threads = [threading.Thread(target=thread) for _ in range(options.j)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
