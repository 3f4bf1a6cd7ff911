# SPDX-License-Identifier: MulanPSL-2.0
"""A collector under test: a configuration in a folder of its own, `ward collect` on it, and questions to it."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from harness import PATIENCE, WARD, SANITIZER_MARKS, environment, run, temporary

ROLES = ("keeper", "reader", "writer", "monitor")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def deliver(port, text, seconds=PATIENCE):
    """Syslog over TCP until the collector closes in order, which it does when all of it is kept; again when the connection
    breaks. How often it was sent."""
    until = time.monotonic() + seconds
    sent = 0
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=seconds) as link:
                sent += 1
                link.sendall(text)
                link.shutdown(socket.SHUT_WR)
                if link.recv(1) == b"":
                    return sent
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"not taken within {seconds} s")


class Supervised:
    """What has a supervisor, and a directory `dir` with the socket of `ward status` in it."""

    def status(self):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(PATIENCE)
            link.connect(str(self.dir / "run" / "collect.sock"))
            link.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while more := link.recv(65536):
                answer += more
        return json.loads(answer.split(b"\r\n\r\n", 1)[1])

    def pid(self, role):
        if role == "supervisor":
            return self.process.pid
        return next(row["pid"] for row in self.status()["roles"] if row["role"] == role)


class Collector(Supervised):
    """with Collector(sources) as c: …; `sources` is YAML, indented by two. {dir} stands for the folder."""

    def __init__(self, sources, extra="", binary=WARD, sign=True, folder=None):
        self.dir = pathlib.Path(folder) if folder else temporary()
        self.binary = str(binary)
        self.port = free_port()
        self.config = self.dir / "ward.yaml"
        self.process = None
        self.said = self.dir / "stderr"
        keys = self.dir / "keys"
        if sign and not keys.exists():
            run([self.binary, "keys", "create", "--dir", keys])
        self.config.write_text(f"""
archive: {{dir: {self.dir}/archive, keys: {keys}, seal_after: 3, sign: {str(sign).lower()}}}
findings: {self.dir}/findings
run: {self.dir}/run
user: ""
metrics: 127.0.0.1:{self.port}
{extra.replace('{dir}', str(self.dir))}
sources:
{sources.replace('{dir}', str(self.dir))}
""")

    def start(self, wait=True):
        with open(self.said, "ab") as said:
            self.process = subprocess.Popen([self.binary, "collect", "-c", self.config], env=environment(), stdin=subprocess.DEVNULL,
                                            stdout=said, stderr=said)
        if wait:
            self.wait(lambda: all(role["pid"] and role["sandbox"] for role in self.status()["roles"]), "all processes to begin")
        return self

    def wait(self, done, what, seconds=PATIENCE):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process and self.process.poll() is not None:
                raise AssertionError(f"the collector ended with {self.process.returncode}: {self.words()}")
            try:
                if done():
                    return
            except (OSError, ValueError, KeyError, AssertionError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"waited {seconds} s for {what}: {self.words()}")

    def words(self):
        return self.said.read_text(errors="replace")[-6000:] if self.said.exists() else ""

    def check_words(self):
        words = self.said.read_text(errors="replace")
        assert not any(mark in words for mark in SANITIZER_MARKS), words[-8000:]

    def stop(self, expect=0):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.check_words()
        assert expect is None or status == expect, f"exit {status}: {self.words()}"

    def kill(self, role):
        """kill -9; a dead supervisor takes the others with it."""
        pid = None

        def killed():
            nonlocal pid
            pid = self.pid(role)
            if pid:  # 0: it is being started just now; that would be ourselves
                os.kill(pid, signal.SIGKILL)
            return pid
        self.wait(killed, f"the {role}, to be killed")
        if role == "supervisor":
            self.process.wait()
        return pid

    def kept(self):
        """The raw text of all records, oldest first."""
        done = run([self.binary, "search", "--archive", self.dir / "archive", "--format", "raw", "--reverse", "--limit", "0"], timeout=300)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout.splitlines()

    def findings(self):
        rows = []
        for path in sorted((self.dir / "findings").glob("*.jsonl")):
            rows += [json.loads(line) for line in path.read_text().splitlines()]
        return rows

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
