# SPDX-License-Identifier: MulanPSL-2.0
"""Parsers of log lines, lines/s on one core, beside perl on the same lines."""
import random
import re
import subprocess
import tempfile

import bench


def measure(parser, path):
    """What bench_parsers prints, as numbers: lines/s, MB/s, lines, fields, flawed."""
    done = subprocess.run([bench.build("bench/bench_parsers"), parser, path], capture_output=True, text=True, check=False)
    if done.returncode:
        raise bench.CannotMeasure(done.stderr.strip())
    return [int(n) for n in re.findall(r"(\d+)", done.stdout)]


def access_lines(n):
    """A combined access log with the variety of a real one: clients, paths, agents, seconds."""
    rnd = random.Random(3)
    agents = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
              "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.44",
              "curl/7.88.1", "python-requests/2.31.0", "-"]
    for i in range(n):
        second = i // 40
        path = rnd.choice(["/", "/si/api/person", "/si/login.do", "/static/js/app.%x.js" % rnd.randrange(65536), "/pay/order"])
        query = "" if rnd.random() < 0.6 else "?id=%d&t=%d" % (rnd.randrange(10**9), rnd.randrange(10**6))
        yield '%d.%d.%d.%d - - [%02d/Nov/2026:%02d:%02d:%02d +0800] "%s %s%s HTTP/1.1" %d %d "https://si.example.cn%s" "%s"\n' % (
            rnd.randrange(1, 224), rnd.randrange(256), rnd.randrange(256), rnd.randrange(256), 1 + second // 86400,
            second // 3600 % 24, second // 60 % 60, second % 60, rnd.choice(["GET", "GET", "POST"]), path, query,
            rnd.choice([200, 200, 200, 302, 404]), rnd.randrange(100000), path, rnd.choice(agents))


PERL = (r'while(<>){ $n++ if /^(\S+) (\S+) (.+?) \[([^\]]+)\] "(\S+) (\S+) ([^"]*)" (\d+) (\S+) "((?:[^"\\]|\\.)*)" '
        r'"((?:[^"\\]|\\.)*)"/ } print $n')


def bench_access():
    with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
        file.writelines(access_lines(400000))
        file.flush()
        speed, _, lines, _, flawed = measure("access", file.name)
        peer = bench.cost([bench.need("perl"), "-e", PERL, file.name])
    return [bench.row("access log, lines/s/core", f"{speed:,}", ">= 1,500,000", speed >= 1500000 and not flawed,
                      f"perl, one regular expression {lines / peer.cpu:,.0f}")]
