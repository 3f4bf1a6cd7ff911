# SPDX-License-Identifier: MulanPSL-2.0
"""ward doctor: each thing that is broken is named with what mends it."""
import json
import shutil

from harness import temporary, ward
from office import Office


def look(folder, *options):
    done = ward("doctor", "--dir", folder, "--format", "json", *options)
    value = json.loads(done.stdout)
    assert done.returncode == ["good", "doubtful", "wrong"].index(value["state"]), done.stderr
    return value["state"], {(line["topic"], line["state"]): line for line in value["lines"]}


def wrong(folder, topic):
    state, lines = look(folder)
    assert state == "wrong" and (topic, "wrong") in lines, lines
    return lines[topic, "wrong"]


def test_what_is_broken_is_named():
    with Office() as office:
        state, lines = look(office.dir)
        assert state != "wrong" and ("running", "good") in lines and ("records", "good") in lines, lines
        shown = ward("status", "--dir", office.dir)
        assert shown.returncode in (0, 1) and "keeper" in shown.stdout, shown
        client = office.first()
        client.get("/api/health")
        inside = client.get("/api/doctor")
        assert inside[0] == 200 and inside[1]["state"] in ("good", "doubtful"), inside
        office.stop()
    whole = office.dir

    def broken(change):
        folder = temporary() / "office"
        shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("*.sock"))
        change(folder)
        return folder

    assert ("running", "doubtful") in look(whole)[1]
    assert "chmod 0600" in wrong(broken(lambda d: (d / "keys" / "vault.key").chmod(0o644)), "files")["remedy"]
    assert "backup" in wrong(broken(lambda d: (d / "keys" / "archive.pub").unlink()), "keys")["remedy"]
    for lost in ("archive.key", "vault.key"):
        said = wrong(broken(lambda d: (d / "keys" / lost).unlink()), "keys")
        assert lost in said["text"] and "backup" in said["remedy"], said
    said = wrong(broken(lambda d: (d / "keys" / "vault.key").write_bytes(b"k" * 32)), "keys")
    assert "not the key by which these records were sealed" in said["text"] and "backup" in said["remedy"], said
    assert "remove" in wrong(broken(lambda d: (d / "tls" / "server.crt").write_text("nonsense")), "certificate")["remedy"]

    def other_key(folder):
        with Office() as other:
            other.stop()
        shutil.copy(other.dir / "tls" / "server.key", folder / "tls" / "server.key")
    assert "belong together" in wrong(broken(other_key), "certificate")["text"]

    def damage(folder):
        path = folder / "records" / "records.db"
        data = bytearray(path.read_bytes())
        for at in range(8192, len(data), 4096):
            data[at:at + 64] = b"\xff" * 64
        path.write_bytes(data)
    assert "restore" in wrong(broken(damage), "records")["remedy"]
    assert "makes an installation" in wrong(temporary() / "nowhere", "files")["remedy"]


def test_it_speaks_three_languages():
    for lang, words in (("zh-CN", "会在那里创建安装"), ("vi", "tạo bản cài ở đó"), ("en", "makes an installation there")):
        done = ward("doctor", "--dir", "/nowhere", "--lang", lang)
        assert done.returncode == 2 and words in done.stdout, done.stdout
