#!/usr/bin/env python3
# SPDX-License-Identifier: MulanPSL-2.0
"""4,000 processes and 20,000 sockets with their owners: ward against `ss -p`, in the same run.

    bench/processes.py [PATH-OF-WARD]

Makes the load itself (forked processes that sleep, TCP pairs over loopback) and ends it afterwards.
Targets: at most 150 ms, and at least 5 times faster than `ss -atunp`. Exit status 1 when one is missed.
"""
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time

PROCESSES, SOCKETS, HOLDERS, ROUNDS = 4000, 20000, 20, 7
TARGET_MS, TARGET_RATIO = 150, 5
ROOT = pathlib.Path(__file__).resolve().parent.parent
WARD = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build" / "ward")
QUERY = ("SELECT count(*), count(s.pid), (SELECT count(*) FROM processes) FROM sockets s "
         "LEFT JOIN processes p ON p.pid = s.pid WHERE p.name IS NOT NULL")


def hold(number, ready):
    """A process with its share of connected pairs; never returns."""
    kept = []
    address = f"127.0.1.{number + 1}"
    listener = socket.create_server((address, 0), backlog=1024)
    pairs = SOCKETS // HOLDERS // 2
    for _ in range(pairs):
        client = socket.create_connection(listener.getsockname())
        kept += [client, listener.accept()[0]]
    os.write(ready, b".")
    while True:
        signal.pause()


def sleep_forever():
    os.closerange(3, 4096)  # what a sleeping service has: standard input, output, errors
    while True:
        signal.pause()


def spawn(work, *args):
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            work(*args)
        finally:
            os._exit(1)
    return pid


def measure(command):
    """Best wall time and the CPU time of that round, in milliseconds; and what was said."""
    best = None
    for _ in range(ROUNDS):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        wall = (time.perf_counter() - start) * 1000
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr.decode()}")
        cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
        if best is None or wall < best[0]:
            best = (wall, cpu, done.stdout.decode())
    return best


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    children = []
    try:
        heard, ready = os.pipe()
        for number in range(HOLDERS):
            children.append(spawn(hold, number, ready))
        told = 0
        os.close(ready)
        while told < HOLDERS:
            part = os.read(heard, HOLDERS)
            if not part:
                sys.exit("the sockets could not be made")
            told += len(part)
        for _ in range(PROCESSES - HOLDERS):
            children.append(spawn(sleep_forever))
        wall, cpu, said = measure([WARD, "sql", "--format", "csv", QUERY])
        ss_wall, ss_cpu, lines = measure(["ss", "-atunpH"])
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)
    counts = said.strip().splitlines()[-1].replace("\t", ",")
    print(f"ward: {wall:.0f} ms wall, {cpu:.0f} ms CPU (sockets, with owner, processes: {counts})")
    print(f"ss -atunp: {ss_wall:.0f} ms wall, {ss_cpu:.0f} ms CPU ({len(lines.splitlines())} sockets)")
    ratio = ss_wall / wall
    met = wall <= TARGET_MS and ratio >= TARGET_RATIO
    print(f"ratio {ratio:.1f} (target {TARGET_RATIO}), {wall:.0f} ms (target {TARGET_MS}): {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
