# SPDX-License-Identifier: MulanPSL-2.0
"""What the inputs cost by themselves: files into batches, syslog over TCP into batches; beside wc and perl."""
import re
import subprocess
import tempfile

import bench
from bench_parsers import syslog_lines

PERL = (r"use IO::Socket; $l=IO::Socket::INET->new(Listen=>1,LocalAddr=>'127.0.0.1',LocalPort=>0) or die; if(!fork){"
        r"$c=IO::Socket::INET->new(PeerAddr=>'127.0.0.1',PeerPort=>$l->sockport); open F,shift; while(sysread F,$b,65536)"
        r"{print $c $b} exit} $s=$l->accept; while(<$s>){$n++} print((times)[0]+(times)[1])")


def measure(mode, parser, path):
    """(events, CPU seconds of the reading thread)."""
    done = subprocess.run([bench.build("bench/bench_inputs"), mode, parser, path], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise bench.CannotMeasure(done.stderr.strip())
    events, _, cpu = (int(n) for n in re.findall(r"(\d+)", done.stdout)[:3])
    return events, cpu / 1e9


def bench_inputs():
    with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
        file.writelines(syslog_lines(500000))
        file.flush()
        size = file.tell()
        events, cpu = measure("files", "plain", file.name)
        peer = bench.cost([bench.need("wc"), "-l", file.name])
        rows = [bench.row("file into batches, parser plain, MB/s/core", f"{size / cpu / 1e6:,.0f}", ">= 500",
                          size / cpu >= 500e6 and events == 500000, f"wc -l {size / max(peer.cpu, 1e-3) / 1e6:,.0f}")]
        done = subprocess.run([bench.need("perl"), "-e", PERL, file.name], capture_output=True, text=True, check=False)
        perl = float(done.stdout) / 500000 * 1e9 if done.returncode == 0 and done.stdout else 0
        for mode in ("lines", "counted"):
            events, cpu = measure(mode, "plain", file.name)
            rows.append(bench.row(f"syslog over TCP ({mode}) into batches, parser plain, ns a message",
                                  f"{cpu / events * 1e9:,.0f}", "<= 500", cpu / events <= 500e-9 and events == 500000,
                                  f"perl, reading lines only, {perl:,.0f}"))
    return rows
