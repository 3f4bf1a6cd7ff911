# SPDX-License-Identifier: MulanPSL-2.0
"""Bad luck: an office that is killed, whose disk is full; and what a stolen data directory says."""
import base64
import os
import stat

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
        done = ward("verify", office.dir, timeout=120)
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
        done = ward("records", "backup", backup, "--dir", office.dir, timeout=120)
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
