# SPDX-License-Identifier: MulanPSL-2.0
"""What the bench_*.py share: running a program many times, and rows of the table."""
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
WARD = str(BUILD / "ward")

Row = collections.namedtuple("Row", "what measured peer target reached")
HEAD = Row("what", "measured", "peer", "target", None)


class CannotMeasure(Exception):
    """A peer or a file is not on this machine."""


def row(what, measured, target, reached, peer=""):
    """One line of the table: texts, and whether the target is reached (None: there is none)."""
    return Row(what, measured, peer, target, reached)


def need(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise CannotMeasure(f"{program} is not on this machine")
    return path


def shared(name):
    """A file of ../shared/data."""
    for base in (ROOT.parent, ROOT.parent.parent):
        if (base / "shared/data" / name).exists():
            return base / "shared/data" / name
    raise CannotMeasure(f"../shared/data/{name} is not on this machine")


def build(target):
    """Build a program that is made on demand only; its path."""
    done = subprocess.run(["ninja", "-C", BUILD, "--quiet", target], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMeasure(f"{target} cannot be built here: {done.stdout.strip().splitlines()[-1:]}")
    return BUILD / target


Cost = collections.namedtuple("Cost", "wall cpu resident status")  # seconds, seconds, bytes, exit status


def cost(args, **kw):
    """Run once: wall time, CPU time of the program and its children, its largest resident size."""
    start = time.monotonic()
    process = subprocess.Popen([str(arg) for arg in args], stdin=subprocess.DEVNULL,
                               stdout=kw.pop("stdout", subprocess.DEVNULL), stderr=subprocess.DEVNULL, **kw)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, process.returncode)


def costs(args, times, **kw):
    """Run `times` times after one warm-up."""
    cost(args, **kw)
    return [cost(args, **kw) for _ in range(times)]


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def spawn_seconds(path, words, times):
    """Wall seconds of starting a program and waiting for its end, sorted, without the cost of Python's
    own subprocess: posix_spawn, output to /dev/null."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        os.waitpid(os.posix_spawn(path, [path, *words], os.environ, file_actions=actions), 0)
        seconds.append(time.perf_counter() - start)
    os.close(null)
    return sorted(seconds)


if __name__ == "__main__":
    sys.exit("run bench/run.py")
