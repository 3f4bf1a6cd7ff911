# SPDX-License-Identifier: MulanPSL-2.0
"""4,000 processes and 20,000 sockets with their owners, against `ss -p` over the same load.

The load (forked processes that sleep, TCP pairs over loopback) is made here and ended afterwards.
"""
import os
import resource
import signal
import socket
import subprocess
import time

import bench

PROCESSES, SOCKETS, HOLDERS, ROUNDS = 4000, 20000, 20, 7
TARGET_MS, TARGET_RATIO = 150, 5
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
    """Fastest round: wall and CPU time in milliseconds, and what was said."""
    best = None
    for _ in range(ROUNDS):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        wall = (time.perf_counter() - start) * 1000
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            raise bench.CannotMeasure(f"{' '.join(command)}: exit {done.returncode} {done.stderr.decode()}")
        cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
        if best is None or wall < best[0]:
            best = (wall, cpu, done.stdout.decode())
    return best


def bench_owners():
    ss = bench.need("ss")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    children = []
    heard, ready = os.pipe()
    try:
        for number in range(HOLDERS):
            children.append(spawn(hold, number, ready))
        os.close(ready)
        told = 0
        while told < HOLDERS:
            part = os.read(heard, HOLDERS)
            if not part:
                raise bench.CannotMeasure("the sockets could not be made")
            told += len(part)
        for _ in range(PROCESSES - HOLDERS):
            children.append(spawn(sleep_forever))
        wall, cpu, said = measure([bench.WARD, "sql", "--format", "csv", QUERY])
        ss_wall, ss_cpu, lines = measure([ss, "-atunpH"])
    finally:
        os.close(heard)
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)
    sockets, owned, processes = map(int, said.strip().splitlines()[-1].split(","))
    if owned < SOCKETS or processes < PROCESSES:
        raise bench.CannotMeasure(f"{sockets} sockets, {owned} with owner, {processes} processes")
    what = f"{processes} processes, {owned} sockets with owner"
    peer = f"ss -atunp: {ss_wall:.0f} ms, {ss_cpu:.0f} ms CPU, {len(lines.splitlines())} sockets"
    return [bench.row(what, f"{wall:.0f} ms, {cpu:.0f} ms CPU", f"<= {TARGET_MS} ms", wall <= TARGET_MS, peer),
            bench.row("the same, against ss -p", f"{ss_wall / wall:.1f} times faster", f">= {TARGET_RATIO}",
                      ss_wall / wall >= TARGET_RATIO, peer)]
