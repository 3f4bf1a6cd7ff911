# SPDX-License-Identifier: MulanPSL-2.0
"""tests/records_writer.c at work, and whether what it acknowledged is there."""
import contextlib
import json
import sqlite3
import subprocess
import threading

import harness

PROGRAM = harness.ROOT / "build-asan" / "tests" / "records_writer"


class Writer:
    """with Writer(where) as writer: …; writer.kept: the last amount acknowledged of each id; writer.bad: words of
    failures; writer.failed: (id, amount) of those, whose words do not say that it is not known."""

    def __init__(self, where, clients=20, kept=None):
        self.kept, self.bad, self.failed = kept if kept is not None else {}, [], []
        self.process = subprocess.Popen([PROGRAM, str(where), str(clients)], env=harness.environment(), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.count = 0
        self.more = threading.Condition()
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        for line in self.process.stdout:
            words = line.split(maxsplit=2)
            with self.more:
                if words[0] == "ok" and line.endswith("\n"):
                    self.kept[int(words[1])] = int(words[2])
                elif words[0] == "bad":
                    id, amount, said = line[4:].rstrip("\n").split(" ", 2)
                    self.bad.append(said)
                    if "not known" not in said:
                        self.failed.append((int(id), int(amount)))
                self.count += 1
                self.more.notify_all()
        with self.more:
            self.count = 1 << 40
            self.more.notify_all()

    def wait_for(self, n, seconds=harness.PATIENCE):
        """n more lines."""
        with self.more:
            goal = self.count + n
            assert self.more.wait_for(lambda: self.count >= goal, seconds), f"{self.count} lines only; {self.bad[-3:]}"

    def wait_until(self, condition, seconds=harness.PATIENCE):
        with self.more:
            assert self.more.wait_for(lambda: condition(self), seconds), self.bad[-3:]

    def kill(self):
        self.process.kill()
        self.end()

    def end(self):
        """In order unless it was killed; its exit status and what it said on standard error."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        said = self.process.stderr.read()
        self.thread.join()
        self.process.stderr.close()
        self.process.stdout.close()
        self.process.wait(harness.PATIENCE)
        assert not any(mark in said for mark in harness.SANITIZER_MARKS), said[-4000:]
        return self.process.returncode, said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.kill()


def records(*args, status=0, **kw):
    """`ward records …` must end so; what it said (JSON when asked)."""
    done = harness.ward("records", *args, **kw)
    assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout) if "json" in args and done.stdout else done.stdout + done.stderr


def must_be_whole(where, rows, kept):
    """The journal is whole, records agree with it, and what was acknowledged is there. `rows`: {id: amount} of the database."""
    found = records("verify", "--records", where, "--format", "json")
    assert found["good"], found
    lost = {id: (amount, rows.get(id)) for id, amount in kept.items() if rows.get(id, -1) < amount}
    assert not lost, f"acknowledged and lost: {list(lost.items())[:5]}"
    return found


def must_not_be_there(rows, failed, kept):
    """What failed was not kept. The id of a work that failed in a crash may be given again, since PostgreSQL forgets how far a sequence was
    when that did not reach the disk; then the work that got it was acknowledged."""
    there = [(id, amount) for id, amount in failed if id and rows.get(id, -1) >= amount and not (amount == 0 and id in kept)]
    assert not there, f"said to have failed, and kept: {there[:5]}"


def sqlite_rows(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return dict(db.execute("SELECT id, amount FROM change"))


def postgresql_rows(server):
    return {int(id): int(amount) for id, amount in (line.split("|") for line in server.sql("SELECT id, amount FROM change").splitlines())}


def contents(path):
    """Every row of every table."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        tables = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {name: sorted(db.execute(f'SELECT * FROM "{name}"'), key=repr) for name in tables}
