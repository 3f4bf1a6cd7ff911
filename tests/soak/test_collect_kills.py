# SPDX-License-Identifier: MulanPSL-2.0
"""ward collect, its processes killed at 200 random moments while files grow and senders send: nothing is lost.

What comes from files is kept exactly once. A sender over TCP sends again what was not acknowledged, by closing in order, so
some of it may be kept twice, and none may be missing.
"""
import os
import random
import threading
import time

import harness
from collector import Collector, deliver, free_port

MOMENTS = 200
ROLES = ("reader", "writer", "keeper", "monitor", "reader", "writer", "supervisor")


class Feed:
    """A file that grows and is rotated, and a sender over TCP."""

    def __init__(self, collector, port):
        self.logs = collector.dir / "logs"
        self.logs.mkdir()
        self.port = port
        self.written = self.told = self.sent = 0
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self.grow), threading.Thread(target=self.send)]
        for thread in self.threads:
            thread.start()

    def grow(self):
        rounds = 0
        log = open(self.logs / "a.log", "a", buffering=1 << 16)
        while not self.done.is_set():
            for _ in range(200):
                log.write(f"Nov 23 03:00:01 host app[1]: file {self.written:09d} {'x' * (self.written % 97)}\n")
                self.written += 1
            log.flush()
            rounds += 1
            if rounds % 300 == 0:
                log.close()
                os.rename(self.logs / "a.log", self.logs / f"old-{rounds}.log")
                log = open(self.logs / "a.log", "a", buffering=1 << 16)
            time.sleep(0.005)
        log.close()

    def send(self):
        while not self.done.is_set():
            lines = [f"<13>Nov 23 03:00:01 host app[1]: net {i:09d}\n" for i in range(self.told, self.told + 2000)]
            self.sent += deliver(self.port, "".join(lines).encode())
            self.told += 2000

    def end(self):
        self.done.set()
        for thread in self.threads:
            thread.join()


def test_kill_at_200_moments():
    seed = int(os.environ.get("SOAK_SEED", "20261123"))
    random.seed(seed)
    port = free_port()
    collector = Collector(f"""  - name: logs
    files: {{paths: ["{{dir}}/logs/*.log"]}}
  - name: net
    syslog_tcp: {{listen: "127.0.0.1:{port}"}}
""", binary=harness.WARD_RELEASE)
    feed = None
    kills = dict.fromkeys(ROLES, 0)
    with collector:
        try:
            feed = Feed(collector, port)
            while sum(kills.values()) < MOMENTS:
                time.sleep(random.uniform(0, 0.8))
                role = random.choice(ROLES)
                try:
                    collector.kill(role)
                except OSError:  # it is not back yet from the last time
                    continue
                kills[role] += 1
                if role == "supervisor":
                    collector.start(wait=False)
        finally:
            if feed:
                feed.end()

        def of(word):
            return [int(line.split(f" {word} ")[1].split()[0]) for line in collector.kept() if f" {word} " in line]
        collector.wait(lambda: len(set(of("file"))) >= feed.written, "everything to be read", 120)
        collector.stop()
    file, net = of("file"), of("net")
    lost = feed.written - len(set(file)), feed.told - len(set(net) & set(range(feed.told)))
    assert lost == (0, 0), f"lost of the file and the network: {lost}; seed {seed}"
    assert len(file) == feed.written, f"{len(file) - feed.written} of the file are there twice; seed {seed}"
    done = harness.run([harness.WARD_RELEASE, "verify", collector.dir / "archive", "--key", collector.dir / "keys" / "archive.pub"])
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"{kills}; {feed.written} from a file once, {feed.told} from the network, sent {feed.sent} times instead of {feed.told // 2000}")
