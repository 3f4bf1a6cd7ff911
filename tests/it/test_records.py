# SPDX-License-Identifier: MulanPSL-2.0
"""The records on SQLite and PostgreSQL: proved, saved, restored, moved, and hit by what happens to databases. The unit programs run on
SQLite by themselves; here once more on PostgreSQL."""
import contextlib
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import time

import harness
from harness import Skip, need_root, need_tool, temporary
from postgresql import PostgreSQL, unit_programs
from records_writer import Writer, contents, must_be_whole, must_not_be_there, postgresql_rows, records, sqlite_rows


@contextlib.contextmanager
def edit(where):
    """Behind ward's back."""
    with contextlib.closing(sqlite3.connect(where)) as db, db:
        yield db


def filled(folder, n=300):
    """Records with something in them."""
    with Writer(folder / "records.db") as writer:
        writer.wait_for(n)
        assert writer.end() == (0, "")
    return folder / "records.db"


def test_records_on_postgresql():
    unit_programs([("records", 16), ("journal", 8)])


def test_registers_on_postgresql():
    unit_programs([("register", 13), ("record_api", 11), ("hosts", 1)])


def test_cases_on_postgresql():
    unit_programs([("cases", 10), ("detection_findings", 4), ("case_api", 9)])


def test_people_on_postgresql():
    """Accounts, logins, two persons, orders."""
    unit_programs([("people_api", 16), ("login", 15)])


# ---- the journal ----

def test_hashes_are_those_described():
    """By Python's own SHA-256, from the words at the head of record/journal.h."""
    def piece(value):
        return b"-\n" if value is None else b"%d:%s\n" % (len(value.encode()), value.encode())

    where = filled(temporary())
    before = "0" * 64
    with edit(where) as db:
        rows = db.execute("SELECT seq, time, actor, actor_name, kind, object, org, action, before, after, reason, hash FROM ward_journal ORDER BY seq")
        for number, (seq, time_, actor, name, kind, object_, org, action, old, new, reason, hash_) in enumerate(rows, 1):
            text = f"ward journal 1\n{before}\n{seq}\n{time_}\n{actor}\n".encode() + piece(name) + piece(kind)
            text += f"{object_}\n{org}\n".encode() + piece(action) + piece(old) + piece(new) + piece(reason)
            before = hashlib.sha256(text).hexdigest()
            assert (seq, hash_) == (number, before)
        assert number >= 300
        (statement, seq), = db.execute("SELECT statement, seq FROM ward_seal ORDER BY number DESC LIMIT 1")
        (head,), = db.execute("SELECT hash FROM ward_journal WHERE seq = ?", (seq,))
        assert f"entries {seq}\nhead {head}\n" in statement


def test_verify_names_what_was_changed():
    folder = temporary()
    where = filled(folder)
    found = records("verify", "--records", where, "--format", "json")
    assert found["good"] and found["registers"] == 1 and found["rows"] and found["sealed"]
    head = folder / "head"
    done = harness.ward("verify", "--records", where, "--write-head", head)
    assert done.returncode == 0 and head.read_text().startswith("ward-journal-1 "), done.stderr
    with edit(where) as db:
        db.execute("UPDATE change SET amount = 77 WHERE id = 3")
    done = harness.ward("verify", "--records", where, "--head", head)
    assert done.returncode == 1 and "register change, record 3: 'amount' is not what entry" in done.stdout, done.stdout
    for lang, words in (("zh-CN", "台账 change"), ("vi", "sổ change")):
        assert words in harness.ward("--lang", lang, "verify", "--records", where).stdout
    with edit(where) as db:
        db.execute("UPDATE ward_journal SET reason = '' WHERE seq = 5")
    found = records("verify", "--records", where, "--format", "json", status=1)
    assert [(problem["entry"], problem["register"]) for problem in found["problems"]][0] == (5, ""), found


def test_verify_takes_a_whole_office():
    folder = temporary()
    (folder / "records").mkdir()
    filled(folder / "records")
    assert harness.ward("archive", "create", "-a", folder / "archive").returncode == 0
    done = harness.ward("verify", folder)
    assert done.returncode == 0 and "0 days" in done.stdout and "the journal is whole" in done.stdout, done.stdout + done.stderr
    assert records("status", "--dir", folder, "--format", "json")["tables"]["change"]
    # As somebody types it who stands above it.
    for command in (["records", "status"], ["records", "verify"], ["user", "list"]):
        done = subprocess.run([harness.WARD, *command, "--dir", folder.name], cwd=folder.parent, env=harness.environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=harness.PATIENCE)
        assert "absolute path" not in done.stderr and "no such file" not in done.stderr, (command, done.stderr)


def test_verify_looks_where_the_configuration_says():
    """After a move the file that is left in the folder is not what counts."""
    folder = temporary()
    (folder / "records").mkdir()
    where = filled(folder / "records")
    with PostgreSQL() as server:
        records("move", "--records", where, "--to", server.url())
        (folder / "ward.yaml").write_text(f"records: {server.url()}\n")
        done = harness.ward("verify", folder, "--format", "json")
        assert done.returncode == 0 and json.loads(done.stdout)["records_journal"]["good"], done
        server.sql("UPDATE ward_journal SET reason = 'another' WHERE seq = 3")
        done = harness.ward("verify", folder)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "the journal is whole" in harness.ward("verify", folder, "--records", where).stdout


# ---- saving and restoring ----

def with_files(folder):
    for name, data in (("ab/abcdef", b"\0\1\2" * 50000), ("cd/cdef00", b""), ("plan.pdf", b"%PDF-1.7")):
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "files"


def tree_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_backup_comes_back_the_same():
    folder = temporary()
    where, files = filled(folder), with_files(folder)
    said = records("backup", folder / "saved", "--records", where, "--files", files, "--format", "json")
    assert said["files"] == 3 and said["sha256"] == hashlib.sha256((folder / "saved/records.db").read_bytes()).hexdigest()
    said = records("restore", folder / "saved", "--records", folder / "new/records.db", "--files", folder / "new/files", "--format", "json")
    assert said["verified"]["good"]
    assert contents(where) == contents(folder / "new/records.db")
    assert tree_of(files) == tree_of(folder / "new/files")
    again = records("restore", folder / "saved", "--records", folder / "new/records.db", "--files", folder / "new/files", status=2)
    assert "is there already: nothing is replaced" in again
    assert "is there already: nothing is replaced" in records("backup", folder / "saved", "--records", where, status=2)
    with Writer(folder / "new/records.db") as writer:  # and goes on
        writer.wait_for(100)
        assert writer.end() == (0, "")
    must_be_whole(folder / "new/records.db", sqlite_rows(folder / "new/records.db"), writer.kept)


def test_backup_while_ward_writes():
    folder = temporary()
    where = folder / "records.db"
    with Writer(where) as writer:
        writer.wait_for(500)
        acknowledged = dict(writer.kept)
        records("backup", folder / "saved", "--records", where)
        writer.wait_for(100)  # it was not stopped
    records("restore", folder / "saved", "--records", folder / "new.db")
    must_be_whole(folder / "new.db", sqlite_rows(folder / "new.db"), acknowledged)
    old = [row for row in contents(where)["ward_journal"]]
    new = contents(folder / "new.db")["ward_journal"]
    assert len(new) >= 500 and set(new) <= set(old)


def test_damaged_backups_are_refused():
    folder = temporary()
    where, files = filled(folder), with_files(folder)
    records("backup", folder / "saved", "--records", where, "--files", files)

    def change(name, at, data):
        path = folder / "bad" / name
        whole = bytearray(path.read_bytes())
        whole[at:at + len(data)] = data
        path.write_bytes(whole)

    def manifest(old, new):
        path = folder / "bad/backup.ward"
        lines = path.read_text().replace(old, new).rsplit("end ", 1)[0]
        path.write_text(lines + f"end {hashlib.sha256(lines.encode()).hexdigest()}\n")

    for words, spoil in (
            ("records.db' is not what was saved", lambda: change("records.db", 5000, b"x")),
            ("plan.pdf' is not what was saved", lambda: change("files/plan.pdf", 0, b"x")),
            ("cannot read", lambda: (folder / "bad/files/plan.pdf").unlink()),
            ("backup.ward:2: this is not what a backup says", lambda: change("backup.ward", 16, b"x")),
            ("is no finished backup", lambda: (folder / "bad/backup.ward").unlink()),
            ("backup.ward:7: this is not what a backup says", lambda: manifest("plan.pdf", "../../plan.pdf")),
            ("the journal does not end where the backup says", lambda: manifest("journal ", "journal 1"))):
        shutil.copytree(folder / "saved", folder / "bad")
        spoil()
        said = records("restore", folder / "bad", "--records", folder / "new.db", "--files", folder / "new", status=2)
        assert words in said, said
        assert not (folder / "new.db").exists() and not list(folder.glob("new.db*"))
        shutil.rmtree(folder / "bad")
        shutil.rmtree(folder / "new", ignore_errors=True)


def test_backup_of_a_bad_journal_says_so():
    folder = temporary()
    where = filled(folder)
    with edit(where) as db:
        db.execute("UPDATE ward_journal SET actor = 5 WHERE seq = 9")
    records("backup", folder / "saved", "--records", where)
    assert "has problems" in records("restore", folder / "saved", "--records", folder / "new.db", status=2)
    assert "entry 9 of the journal" in records("restore", folder / "saved", "--records", folder / "new.db", "--anyway", status=1)
    assert contents(where) == contents(folder / "new.db")


# ---- PostgreSQL ----

def test_move_takes_everything():
    folder = temporary()
    where = filled(folder)
    before = contents(where)
    with PostgreSQL() as server:
        with Writer(where) as busy:
            busy.wait_for(1)
            assert "another ward is working on" in records("move", "--records", where, "--to", server.url(), status=2)
            busy.end()
        before = contents(where)
        said = records("move", "--records", where, "--to", server.url(), "--format", "json")
        assert said["verified"]["good"] and said["rows"] == sum(len(rows) for rows in before.values())
        assert contents(where) == before
        for table, rows in before.items():
            assert int(server.sql(f"SELECT count(*) FROM {table}")) == len(rows)
        assert sorted(tuple(line.split("|")) for line in server.sql("SELECT seq, hash FROM ward_journal").splitlines()) == \
            sorted((str(row[0]), row[-1]) for row in before["ward_journal"])
        assert "the target is not empty" in records("move", "--records", where, "--to", server.url(), status=2)
        # Out again into a file: the same rows.
        records("backup", folder / "saved", "--records", server.url())
        assert contents(folder / "saved/records.db") == before
        server.sql("CREATE DATABASE other", database="postgres")
        records("restore", folder / "saved", "--records", server.url("other"))
        records("backup", folder / "again", "--records", server.url("other"))
        assert contents(folder / "again/records.db") == before
        # Ids go on where they were.
        with Writer(server.url()) as writer:
            writer.wait_for(200)
            assert writer.end() == (0, "")
        assert not writer.bad and min(writer.kept) > max(row[0] for row in before["change"])
        must_be_whole(server.url(), postgresql_rows(server), writer.kept)


def test_move_that_fails_leaves_nothing():
    folder = temporary()
    where = filled(folder)
    with edit(where) as db:
        db.execute("UPDATE change SET note = CAST(x'610062' AS TEXT) WHERE id = 5")
    with PostgreSQL() as server:
        said = records("move", "--records", where, "--to", server.url(), status=2)
        assert "nothing was moved: table 'change'" in said and "zero byte" in said, said
        assert server.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'ward%'") == "0"
        with edit(where) as db:
            db.execute("UPDATE change SET note = 'x' WHERE id = 5")
        assert "has problems" in records("move", "--records", where, "--to", server.url(), status=2)
        records("move", "--records", where, "--to", server.url(), "--anyway", status=1)


def test_passwords_are_in_no_words():
    with PostgreSQL() as server:
        assert "entries of the journal" not in records("status", "--records", server.url(password="s3cret%40%3A%2Fword"), status=2)
        filled_by = Writer(server.url())
        filled_by.wait_for(50)
        filled_by.end()
        said = records("status", "--records", server.url(password="s3cret%40%3A%2Fword"))
        assert "postgresql://ward@127.0.0.1" in said and "s3cret" not in said
        for address in (server.url(password="hunter22"), server.url(password="hunter22") + "?nonsense=hunter22",
                        f"postgresql://ward@127.0.0.1:{server.port}/ward?password=hunter22",
                        "postgresql://ward:hunter22@[::1/ward", "postgresql://ward:hunter22@127.0.0.1:1/ward"):
            said = records("verify", "--records", address, status=2)
            assert "hunter22" not in said and "postgresql" in said.lower(), said


def test_postgresql_restarted_in_the_middle():
    with PostgreSQL(durable=True) as server, Writer(server.url(), clients=50) as writer:
        for signal in ("SIGINT", "SIGQUIT", "SIGKILL"):
            writer.wait_for(200)
            server.stop(signal)
            time.sleep(0.3)
            server.start()
            acknowledged = dict(writer.kept)
            writer.wait_until(lambda it, known=acknowledged: len(it.kept) > len(known) + 20)
        status, said = writer.end()
        assert (status, said) == (0, "")
        assert all("secret" not in words for words in writer.bad)
        must_be_whole(server.url(), postgresql_rows(server), writer.kept)
        must_not_be_there(postgresql_rows(server), writer.failed, writer.kept)


def test_two_servers_on_one_postgresql():
    with PostgreSQL() as server, Writer(server.url()) as one, Writer(server.url()) as two:
        one.wait_for(200)
        two.wait_for(200)
        assert one.end() == (0, "") and two.end() == (0, "")
        assert not one.bad and not two.bad
        must_be_whole(server.url(), postgresql_rows(server), one.kept | two.kept)


# ---- faults ----

def test_killed_at_random_moments():
    where = temporary() / "records.db"
    kept, chance = {}, random.Random(4)
    for _ in range(6):
        with Writer(where, kept=kept) as writer:
            writer.wait_for(1 + chance.randrange(400))
            time.sleep(chance.random() / 50)
            writer.kill()
        must_be_whole(where, sqlite_rows(where), kept)


def test_second_server_on_one_directory():
    where = temporary() / "records.db"
    with Writer(where) as first:
        first.wait_for(10)
        with Writer(where) as second:
            status, said = second.end()
        assert status == 1 and f"another ward is working on '{where}'" in said
        first.wait_for(10)
        assert records("status", "--records", where)  # reading is allowed
        assert first.end() == (0, "")
    must_be_whole(where, sqlite_rows(where), first.kept)


@contextlib.contextmanager
def small_disk(megabytes):
    need_root()
    folder = temporary()
    done = subprocess.run([need_tool("mount"), "-t", "tmpfs", "-o", f"size={megabytes}m", "ward-test", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def test_full_disk():
    with small_disk(3) as disk:
        where = disk / "records.db"
        with Writer(where) as writer:
            writer.wait_until(lambda it: len(it.bad) > 20)
            assert {"no space left" in words for words in writer.bad} == {True}, set(writer.bad)
            must_be_whole_when_full = dict(writer.kept)
            subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
            known = len(writer.kept)
            writer.wait_until(lambda it: len(it.kept) > known + 20)  # goes on by itself
            assert writer.end() == (0, "")
        must_be_whole(where, sqlite_rows(where), must_be_whole_when_full | writer.kept)
        subprocess.run(["mount", "-o", f"remount,size={sum(f.stat().st_size for f in disk.iterdir()) // 1024 + 200}k", disk], check=True)
        said = records("backup", disk / "saved", "--records", where, status=2)
        assert "no space left" in said, said
        assert not (disk / "saved").exists()


def test_read_only_disk():
    with small_disk(20) as disk:
        where = filled(disk)
        rows = sqlite_rows(where)
        for path in disk.glob("records.db-*"):
            path.unlink()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        must_be_whole(where, rows, rows)
        with Writer(where) as writer:
            status, said = writer.end()
        assert status == 1 and "ead-only file system" in said, said
        records("backup", temporary() / "saved", "--records", where)


def test_words_when_there_is_nothing():
    folder = temporary()
    assert "no such file" in records("status", "--records", folder / "none.db", status=2)
    with edit(folder / "other.db") as db:
        db.execute("CREATE TABLE x (y)")
    assert "ward_migration" in records("status", "--records", folder / "other.db", status=2)
    (folder / "text.db").write_text("no database at all\n" * 100)
    assert "not a database" in records("verify", "--records", folder / "text.db", status=2)
    assert not os.path.exists(folder / "none.db")
