# SPDX-License-Identifier: MulanPSL-2.0
"""A private PostgreSQL 15 of Debian: in a folder of its own, on a unix socket and a loopback port, ended by its pid."""
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import time

from harness import ROOT, Skip, environment, run, temporary

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class PostgreSQL:
    """with PostgreSQL() as server: server.url(), server.query("SELECT 1"), server.restart(), server.kill().
    `durable`: with fsync, for tests of crashes; `more`: lines of postgresql.conf."""

    def __init__(self, durable=False, more=""):
        if not (PROGRAMS / "initdb").exists():
            raise Skip("postgresql-15 is not on this machine")
        self.durable, self.more, self.process = durable, more, None
        self.port = free_port()
        self.folder = temporary()
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        self.owner = {}
        if os.geteuid() == 0:
            user = next((name for name in ("postgres", "nobody") if self._known(name)), None)
            self.owner = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
            os.chown(self.folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
            os.chown(self.data, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)

    @staticmethod
    def _known(name):
        try:
            return bool(pwd.getpwnam(name))
        except KeyError:
            return False

    def _run(self, program, *args, **kw):
        done = run([PROGRAMS / program, *args], cwd=self.folder, **self.owner, **kw)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def __enter__(self):
        secret = self.folder / "secret"
        secret.write_text("s3cret@:/word\n")
        secret.chmod(0o644)
        self._run("initdb", "-D", self.data, "-U", "ward", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                  "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}")
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self.folder}'\n"
                       f"max_connections = 40\nshared_buffers = 32MB\nfsync = {'on' if self.durable else 'off'}\n"
                       f"log_min_messages = fatal\n{self.more}\n")
        self.start()
        self.sql("CREATE DATABASE ward", database="postgres")
        return self

    def __exit__(self, *_):
        self.stop("SIGQUIT")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        for _ in range(60):  # after a SIGKILL its children take a while to notice
            if self._answers():
                return
            time.sleep(0.5)
        raise AssertionError((self.folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:])

    def _answers(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([PROGRAMS / "postgres", "-D", self.data], cwd=self.folder, env=environment(),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.owner)
        while self.process.poll() is None:
            if run([PROGRAMS / "pg_isready", "-q", "-h", self.folder, "-p", self.port, "-U", "ward"]).returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def stop(self, signal="SIGINT"):
        """SIGINT: connections are cut, and it ends in order; SIGQUIT, SIGKILL: it crashes."""
        if self.process:
            import signal as signals
            self.process.send_signal(getattr(signals, signal))
            self.process.wait(180)
            self.process = None

    def restart(self, signal="SIGINT"):
        self.stop(signal)
        self.start()

    def url(self, database="ward", password=None):
        """By the socket; with a password: by the loopback port."""
        if password is not None:
            return f"postgresql://ward:{password}@127.0.0.1:{self.port}/{database}"
        return f"postgresql://ward@/{database}?host={self.folder}&port={self.port}"

    def sql(self, text, database="ward"):
        """What psql prints: rows by line, columns by '|'."""
        done = run([PROGRAMS / "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", self.port, "-U", "ward",
                    database, "-c", text])
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")


def unit_programs(programs):
    """Programs of tests/ that run on SQLite by themselves, here on PostgreSQL: (name, tests it has at least)."""
    with PostgreSQL() as server:
        for program, least in programs:
            server.sql(f"CREATE DATABASE {program}", database="postgres")
            done = run([ROOT / "build-asan/tests" / f"test_{program}"], timeout=500,
                       env={"WARD_TEST_RECORDS": server.url(program), "CMOCKA_MESSAGE_OUTPUT": "TAP"})
            assert done.returncode == 0, done.stdout + done.stderr
            assert len(re.findall(r"^ok", done.stdout, re.MULTILINE)) >= least, done.stdout
