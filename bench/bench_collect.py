# SPDX-License-Identifier: MulanPSL-2.0
"""ward collect end to end: syslog over TCP, parsed, matched with the Linux rules of Sigma, kept durably in a sealed archive;
beside rsyslogd, which writes the same messages to a file and syncs it, and neither matches nor seals.

Both are fed by the same sender over four connections. `messages/s` is by the wall clock, on a machine that may be busy; `/s of two
cores` is what their processor time allows.
"""
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import bench

MESSAGES, CONNECTIONS = 1_000_000, 4
HZ = os.sysconf("SC_CLK_TCK")


def lines(count):
    """Syslog as the machines of a hospital write it: no two alike."""
    pick = random.Random(7)
    users = [f"user{i:03d}" for i in range(300)] + ["root", "admin", "postgres"]
    hosts = [f"his{i:02d}" for i in range(20)]

    def address():
        return f"10.{pick.randint(0, 9)}.{pick.randint(0, 255)}.{pick.randint(1, 254)}"
    made = []
    for i in range(count):
        kind = pick.random()
        pid = pick.randint(300, 65000)
        if kind < 0.3:
            text = f"<38>{{}} sshd[{pid}]: Failed password for {pick.choice(users)} from {address()} port {pick.randint(1024, 65535)} ssh2"
        elif kind < 0.5:
            text = f"<86>{{}} sudo[{pid}]: {pick.choice(users)} : TTY=pts/{pick.randint(0, 9)} ; PWD=/home ; USER=root ; COMMAND=/usr/bin/systemctl restart his-{pick.randint(1, 40)}.service"
        elif kind < 0.7:
            text = f"<78>{{}} CRON[{pid}]: ({pick.choice(users)}) CMD (/opt/his/bin/settle --batch {pick.randint(1, 10 ** 7)} >/dev/null 2>&1)"
        elif kind < 0.85:
            text = f"<4>{{}} kernel: [UFW BLOCK] IN=eth0 OUT= SRC={address()} DST={address()} LEN={pick.randint(40, 1500)} TTL={pick.randint(30, 128)} ID={pick.randint(1, 65535)} PROTO=TCP SPT={pick.randint(1024, 65535)} DPT=22 SYN"
        else:
            text = f"<134>{{}} his-gateway[{pid}]: patient={pick.randint(10 ** 9, 10 ** 10)} op=settle cost={pick.randint(1, 4000)}ms status={pick.choice([200, 200, 500])}"
        made.append(text.format(f"Nov 23 {i // 40000 % 24:02d}:{i // 700 % 60:02d}:{i // 12 % 60:02d} {pick.choice(hosts)}"))
    return made


def port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def send(number, parts, wait):
    """Each part over a connection of its own; with `wait` until the other side closes."""
    def one(part):
        with socket.create_connection(("127.0.0.1", number)) as link:
            link.sendall(part)
            link.shutdown(socket.SHUT_WR)
            if wait and link.recv(1):
                raise bench.CannotMeasure("the collector answered")
    threads = [threading.Thread(target=one, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def processes(pid):
    return [pid] + [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def used(pid):
    """Processor seconds, and resident bytes now, shared pages counted once."""
    seconds = resident = 0
    for one in processes(pid):
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        seconds += (int(fields[11]) + int(fields[12])) / HZ
        for line in pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                resident += int(line.split()[1]) * 1024
    return seconds, resident


def until(done, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return
        time.sleep(0.02)
    raise bench.CannotMeasure(f"{what} did not happen in {seconds} s")


def listens(number):
    try:
        socket.create_connection(("127.0.0.1", number)).close()
        return True
    except OSError:
        return False


def run(process, number, parts, wait, finished):
    try:
        until(lambda: listens(number), 60, "listening")
        before = used(process.pid)[0]
        most = [0]
        ended = threading.Event()

        def watch():
            while not ended.wait(0.1):
                most[0] = max(most[0], used(process.pid)[1])
        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.monotonic()
        try:
            send(number, parts, wait)
            until(finished, 600, "the end")
            wall = time.monotonic() - start
            cpu = used(process.pid)[0] - before
        finally:
            ended.set()
            watcher.join()
        return wall, cpu, most[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


def ward(work, parts, rules):
    number = port()
    subprocess.run([bench.WARD, "keys", "create", "--dir", work / "keys"], check=True, stdout=subprocess.DEVNULL)
    (work / "ward.yaml").write_text(f"""
archive: {{dir: {work}/archive, keys: {work}/keys}}
findings: {work}/findings
run: {work}/run
user: ""
metrics: "off"
rules: {{built_in: false, paths: ['{rules}']}}
sources:
  - name: net
    syslog_tcp: {{listen: "127.0.0.1:{number}"}}
""")
    process = subprocess.Popen([bench.WARD, "collect", "-c", work / "ward.yaml"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return run(process, number, parts, True, lambda: True)


def rsyslog(work, parts):
    number = port()
    out = work / "rsyslog.log"
    (work / "rsyslog.conf").write_text(f"""
global(workDirectory="{work}" maxMessageSize="64k")
module(load="imtcp")
input(type="imtcp" port="{number}" address="127.0.0.1" ruleset="keep")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="keep" queue.type="LinkedList" queue.size="200000" queue.dequeueBatchSize="4096") {{
  action(type="omfile" file="{out}" template="raw" asyncWriting="off" ioBufferSize="256k" flushOnTXEnd="on" sync="on")
}}
""")
    process = subprocess.Popen([bench.need("rsyslogd"), "-n", "-f", work / "rsyslog.conf", "-i", work / "rsyslog.pid"],
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # It writes an LF of its own behind each message.
    size = sum(len(part) for part in parts)
    return run(process, number, parts, False, lambda: out.exists() and out.stat().st_size >= size)


def bench_collect():
    bench.need("rsyslogd")
    work = pathlib.Path(tempfile.mkdtemp(prefix="ward-collect-", dir=os.environ.get("TMPDIR", "/var/tmp")))
    try:
        rules = work / "rules"
        rules.mkdir()
        subprocess.run(["tar", "--zstd", "-xf", bench.shared("sigma-rules.tar.zst"), "-C", rules], check=True)
        made = lines(MESSAGES)
        parts = [("\n".join(made[i::CONNECTIONS]) + "\n").encode() for i in range(CONNECTIONS)]
        theirs = rsyslog(work, parts)
        ours = ward(work, parts, rules / "rules" / "linux")
        size = sum(len(part) for part in parts)
        stored = sum(path.stat().st_size for path in (work / "archive").glob("*.ward*"))

        def words(cost):
            return f"{MESSAGES / cost[0]:,.0f} messages/s; {2 * MESSAGES / cost[1]:,.0f} /s of two cores"
        return [
            bench.row("collect, syslog TCP to durable", words(ours), "150,000 /s on 2 cores", 2 * MESSAGES / ours[1] >= 150000,
                      "rsyslogd: " + words(theirs)),
            bench.row("collect, resident in all", f"{ours[2] / 1e6:.0f} MB", "200 MB", ours[2] <= 200e6, f"rsyslogd: {theirs[2] / 1e6:.0f} MB"),
            bench.row("collect, on disk", f"{size / stored:.1f} times smaller", "", None, "rsyslogd: as it is"),
        ]
    finally:
        shutil.rmtree(work, ignore_errors=True)
