# SPDX-License-Identifier: MulanPSL-2.0
"""Parsers of log lines, lines/s on one core, beside perl on the same lines."""
import random
import re
import subprocess
import sys
import tempfile

import bench

sys.path.insert(0, str(bench.ROOT / "tests/it"))
import evtx_file  # noqa: E402  the generator of the tests


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


def syslog_lines(n):
    """What the hosts of an office send: sshd, cron, systemd, with priority, and a firewall's pairs now and then."""
    rnd = random.Random(5)
    hosts, users = ["his01", "lis02", "pacs-3", "gw", "db-1"], ["root", "admin", "zhangwei", "oracle"]
    for i in range(n):
        head = "Nov %2d %02d:%02d:%02d %s" % (rnd.randrange(1, 23), i * 24 // n, rnd.randrange(60), rnd.randrange(60), rnd.choice(hosts))
        kind = rnd.random()
        if kind < 0.5:
            yield "<38>%s sshd[%d]: Failed password for invalid user %s from 192.0.2.%d port %d ssh2\n" % (
                head, rnd.randrange(30000), rnd.choice(users), rnd.randrange(256), rnd.randrange(65536))
        elif kind < 0.7:
            yield f"<78>{head} CRON[{rnd.randrange(30000)}]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)\n"
        elif kind < 0.9:
            yield f"<30>{head} systemd[1]: session-{i}.scope: Deactivated successfully.\n"
        else:
            yield "<4>%s kernel: [UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.%d DST=10.0.0.2 LEN=40 TTL=%d ID=0 DF PROTO=TCP SPT=%d DPT=22 SYN URGP=0\n" % (
                head, rnd.randrange(256), rnd.randrange(256), rnd.randrange(65536))


def cef_lines(n):
    rnd = random.Random(6)
    for i in range(n):
        yield ("CEF:0|Check Point|VPN-1 & FireWall-1|Check Point|Log|https|Unknown|act=Accept deviceDirection=0 rt=%d spt=%d dpt=443 "
               "cs2Label=Rule Name cs2=Allow web out layer_name=Network ifname=eth%d logid=0 loguid={0x5c5d%04x} src=192.0.2.%d "
               "dst=10.0.0.%d proto=6 service_id=https\n" % (1793664062000 + i, rnd.randrange(65536), rnd.randrange(4), i,
                                                               rnd.randrange(256), rnd.randrange(256)))


def kv_lines(n):
    rnd = random.Random(7)
    for i in range(n):
        yield ('date=2026-11-03 time=%02d:%02d:%02d devname="FGT-%d" devid="FGT60E0000000001" logid="0000000013" type="traffic" '
               'subtype="forward" level="notice" vd="root" srcip=192.0.2.%d srcport=%d srcintf="port%d" dstip=10.0.0.%d dstport=443 '
               'dstintf="wan1" policyid=%d proto=6 action="accept" sentbyte=%d rcvdbyte=%d\n' % (
                   i * 24 // n, rnd.randrange(60), rnd.randrange(60), rnd.randrange(9), rnd.randrange(256), rnd.randrange(65536),
                   rnd.randrange(9), rnd.randrange(256), rnd.randrange(99), rnd.randrange(99999), rnd.randrange(99999)))


PERL_SYSLOG = r'while(<>){ $n++ if /^<(\d+)>(\w+ +\d+ [\d:]+) (\S+) ([^\s\[:]+)(?:\[(\d+)\])?: (.*)/ } print $n'
PERL_PAIRS = r'while(<>){ %f=(); while(/([\w.-]+)=("(?:[^"\\]|\\.)*"|[^ ]*)/g){ $f{$1}=$2 } $n++ } print $n'


def beside_perl(what, parser, lines, target, peer):
    with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
        file.writelines(lines)
        file.flush()
        speed, _, count, _, flawed = measure(parser, file.name)
        perl = bench.cost([bench.need("perl"), "-e", peer, file.name])
    return bench.row(f"{what}, lines/s/core", f"{speed:,}", f">= {target:,}", speed >= target and not flawed,
                     f"perl, regular expressions {count / perl.cpu:,.0f}")


def bench_text_logs():
    return [
        beside_perl("syslog, a tenth with key=value", "syslog", syslog_lines(400000), 1500000, PERL_SYSLOG),
        beside_perl("CEF, 24 fields", "cef", cef_lines(200000), 700000, PERL_PAIRS),
        beside_perl("key=value, 20 fields", "kv", kv_lines(200000), 700000, PERL_PAIRS),
    ]


def bench_evtx():
    with tempfile.NamedTemporaryFile(suffix=".evtx") as file:
        file.write(evtx_file.write(evtx_file.varied(20000), per_chunk=60))
        file.flush()
        speed, _, count, _, flawed = measure("evtx", file.name)
        peer = bench.cost([bench.need("evtxexport"), "-f", "xml", file.name])
    return [bench.row("event files of Windows, events/s/core", f"{speed:,}", ">= 200,000", speed >= 200000 and not flawed and count == 20000,
                      f"evtxexport to XML {count / peer.cpu:,.0f}")]
