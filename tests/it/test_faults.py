# SPDX-License-Identifier: MulanPSL-2.0
"""Bad luck: an office that is killed, whose disk is full; and what a stolen data directory says."""
import base64
import io
import os
import stat
import threading
import zipfile

from harness import need_root, temporary, ward
from office import PASSWORD, Office
from office_kills import killed
from test_records import small_disk


def test_killed_while_people_work():
    killed(5, 5)


def test_a_full_disk_is_said_and_survived():
    """Changes are refused with those words and are made again when there is room; what is there can be read all the time."""
    need_root()
    with small_disk(40) as disk, Office(disk / "office") as office:
        client = office.first()
        make = lambda name: client.post("/api/records/person", {"values": {"name": name}})
        assert make("before")[0] == 201
        with open(disk / "filler", "wb", buffering=0) as out:
            try:
                while out.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        status, value = office.wait(lambda: (lambda answer: answer if answer[0] != 201 else None)(make("during")), "the disk to be full")
        assert (status, value["error"]["code"]) == (503, "busy") and "space" in value["error"]["text"], (status, value)
        assert client.get("/api/records/person?q=before")[1]["rows"]
        assert client.get("/api/health")[0] == 200
        (disk / "filler").unlink()
        office.wait(lambda: make("after")[0] == 201, "room again")
        office.stop()
        done = ward("verify", office.dir)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_stolen_directory_keeps_its_secrets():
    """Neither records nor journal, evidence, logs or a backup hold a secret in clear; nothing but public keys is for everybody."""
    with Office() as office:
        client = office.first()
        values = {"name": "Zhang", "phone": "13812345678", "id_card": "320102199003071234"}
        status, value = client.post("/api/records/person", {"values": values})
        assert status == 201, value
        person = value["record"]["id"]
        assert client.patch(f"/api/records/person/{person}", {"version": 1, "values": {"phone": "13912345678"}})[0] == 200
        status, value = client.post("/api/tokens", {"name": "t", "scope": "read:records:finding"})
        assert status == 201, value
        secret = client.secret
        needles = {"password": PASSWORD, "second factor": secret, "cookie": client.cookie, "CSRF": client.csrf, "token": value["token"].split("_")[1],
                   "link": office.token, "phone": "13812345678", "new phone": "13912345678", "identity card": "320102199003071234"}
        needles = {name: text.encode() for name, text in needles.items()} | {"second factor's bytes": base64.b32decode(secret + "=" * (-len(secret) % 8))}
        backup = temporary() / "backup"
        done = ward("records", "backup", backup, "--dir", office.dir)
        assert done.returncode == 0, done.stderr
        for end in (False, True):  # while it runs (write-ahead log), and after
            if end:
                office.stop()
            for root in (office.dir, backup):
                for folder, _, names in os.walk(root):
                    for path in (os.path.join(folder, name) for name in names):
                        if not stat.S_ISREG(os.lstat(path).st_mode):
                            continue
                        with open(path, "rb") as data:
                            text = data.read()
                        assert not [name for name, needle in needles.items() if needle in text], path
            assert not [name for name, needle in needles.items() if needle in office.said.read_bytes()]
        for name in ("records", "files", "findings", "tls", "archive", "keys"):
            assert not os.stat(office.dir / name).st_mode & 0o027, name
        for name in ("keys/archive.key", "keys/ca.key", "keys/vault.key", "tls/server.key"):
            path = office.dir / name
            assert path.exists() and not path.stat().st_mode & 0o177, name


def packed(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_marked_documents_do_not_come_in_a_zip():
    def document(text):
        return packed({"[Content_Types].xml": "<Types/>", "word/document.xml": f"<w:document><w:p>{text}</w:p></w:document>"})

    with Office() as office:
        client = office.first()
        status, value = client.post("/api/records/finding", {"values": {"title": "x", "source": "manual", "severity": "low"}})
        assert status == 201, value
        address = f"/api/records/finding/{value['record']['id']}/files?field=files&name=x.zip"
        send = lambda data: client.post(address, data)
        assert send(packed({"a.docx": document("通知"), "b.pdf": b"%PDF-1.4"}))[0] == 201
        for marked in (packed({"a.docx": document("绝密★1年")}), packed({"a.docx": document("通知"), "b.zip": packed({"c.txt": "机密\n"})}),
                       packed({"b.pdf": "%PDF-1.4 机密★"})):
            status, value = send(marked)
            assert status == 422 and "is marked" in value["error"]["text"], (status, value)
        for hidden, words in ((packed({"a.zip": packed({"b.zip": packed({"c.txt": "机密"})})}), "attach it by itself"),
                              (packed({"a.docx": b"\0" * 40_000_000}), "too large"), (packed({"a.zip": packed({"b.exe": "MZ"})}), "program")):
            status, value = send(hidden)
            assert status == 422 and words in value["error"]["text"], (status, value)
        office.stop()


def test_questions_without_end_keep_nobody_out():
    """While as many as may be asked run until their deadline, others log in and write."""
    endless = {"sql": "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"}
    with Office() as office:
        client = office.first()
        answers = []

        def ask():
            other = office.client()
            other.cookie, other.csrf = client.cookie, client.csrf
            answers.append(other.post("/api/sql", endless)[0])

        people = [threading.Thread(target=ask) for _ in range(4)]
        for person in people:
            person.start()
        office.wait(lambda: len(answers) == 2, "two to be refused")
        assert office.client().post("/api/login", {"login": "first", "password": "wrong"})[0] == 401
        assert client.post("/api/records/person", {"values": {"name": "meanwhile"}})[0] == 201
        assert len(answers) == 2, "the endless ones ran all the while"
        for person in people:
            person.join()
        assert sorted(answers) == [503, 503, 504, 504], answers
        assert client.post("/api/sql", {"sql": "SELECT 1"})[0] == 200
        office.stop()
