# SPDX-License-Identifier: MulanPSL-2.0
"""What two persons order about the installation itself: new keys and certificates, days of the archive. Carried out by the processes
that may, and told by the journal; what is done past the office, on the machine itself, is told by it, too."""
import contextlib
import hashlib
import json
import os
import pathlib
import signal
import sqlite3
import ssl
import time

from harness import WARD, run
from office import Office
from staff import staff


def propose(client, path, **body):
    status, answer = client.post(path, {"reason": "年度轮换"} | body)
    assert status == 202 and answer["error"]["code"] == "pair", (status, answer)
    return answer["pair"]


def outcome(office, client, count, seconds=60):
    """Of the newest order, when so many have ended."""
    def ended():
        status, orders = client.get("/api/orders")
        assert status == 200, orders
        rows = orders["rows"]
        return rows[0] if len(rows) == count and rows[0]["state"] != "open" else None
    return office.wait(ended, f"order {count}", seconds)


def certificate(office):
    return ssl.get_server_certificate(("127.0.0.1", office.port))


def journal(client, kind):
    status, answer = client.get(f"/api/journal?kind={kind}&limit=100")
    assert status == 200, answer
    return [(row["action"], row["actor_name"], row["reason"]) for row in reversed(answer["rows"])]


def archived(office):
    """A record in the archive, so that the key has something to seal: the log of this test."""
    office.wait(lambda: (office.dir / "archive" / "archive.ward").exists(), "the archive")


def test_new_keys_take_two_persons():
    with Office() as office:
        people = staff(office, "leader", "auditor", "operator")
        security, leader, auditor = people["security"], people["leader"], people["auditor"]
        archived(office)
        keys = office.dir / "keys"
        before = {row["kind"]: row for row in security.get("/api/keys")[1]["rows"]}
        old = (keys / "archive.pub").read_text()
        # Nobody but the security administrator begins it, nobody confirms their own, and the operator has no say.
        for one in (leader, auditor, people["operator"]):
            assert one.post("/api/keys/seal/renew", {"reason": "x"})[0] == 403
        assert security.post("/api/keys/seal/renew", {})[0] == 422
        assert security.post("/api/keys/vault/renew", {"reason": "x"})[0] == 404
        pair = propose(security, "/api/keys/seal/renew")
        assert security.post(f"/api/pairs/{pair}/confirm")[0] == 403
        assert people["operator"].post(f"/api/pairs/{pair}/confirm")[0] == 403
        time.sleep(1.5)
        assert security.get("/api/orders")[1]["rows"] == [] and (keys / "archive.pub").read_text() == old
        # A second person: now it happens, once.
        assert auditor.post(f"/api/pairs/{pair}/confirm", {"reason": "已核对"})[0] == 204
        assert auditor.post(f"/api/pairs/{pair}/confirm")[0] == 409
        order = outcome(office, security, 1)
        assert order["state"] == "done" and order["what"] == "key" and order["tries"] == 1, order
        new = (keys / "archive.pub").read_text()
        assert new != old and order["outcome"]["public"] == new.strip()
        assert "陈立国" in order["by"] and "严审计" in order["by"]
        after = {row["kind"]: row for row in security.get("/api/keys")[1]["rows"]}
        assert after["seal"]["public"] == new.strip() and after["seal"]["id"] != before["seal"]["id"]
        # The old private half is gone; its public half stays, for what it sealed.
        assert (keys / f"archive-{before['seal']['id']}.pub").read_text() == old
        assert sorted(path.name for path in keys.glob("*.key")) == ["archive.key", "ca.key", "vault.key"]
        # The other two.
        shown = certificate(office)
        pair = propose(security, "/api/keys/server/renew")
        assert leader.post(f"/api/pairs/{pair}/confirm")[0] == 204
        order = outcome(office, security, 2)
        office.wait(lambda: certificate(office) != shown, "the new certificate")
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate(office))).hexdigest()
        assert order["state"] == "done" and order["outcome"]["sha256"] == digest, order
        authority = (office.dir / "tls" / "ca.crt").read_text()
        pair = propose(security, "/api/keys/authority/renew")
        assert leader.post(f"/api/pairs/{pair}/confirm")[0] == 204
        order = outcome(office, security, 3)
        assert order["state"] == "done" and order["what"] == "authority", order
        made = (office.dir / "tls" / "ca.crt").read_text()
        assert made != authority and made == (keys / "ca.crt").read_text()
        trusting = ssl.create_default_context(cadata=made)
        with __import__("socket").create_connection(("127.0.0.1", office.port)) as link:
            trusting.wrap_socket(link, server_hostname="127.0.0.1").close()
        # The journal has all of it: proposed, confirmed, given, done.
        assert [action for action, _, _ in journal(auditor, "order")] == ["give", "done"] * 3
        assert [action for action, _, _ in journal(auditor, "pair")][-6:] == ["propose", "confirm"] * 3
        office.stop()
        # What both keys sealed is proven with both, and with neither alone.
        (office.dir.parent / "old.pub").write_text(old)
        both = ["--key", office.dir.parent / "old.pub", "--key", keys / "archive.pub"]
        done = run([WARD, "verify", office.dir, *both])
        assert done.returncode == 0, done.stdout + done.stderr
        done = run([WARD, "verify", office.dir, *both[:2]])
        assert done.returncode == 1, done.stdout + done.stderr
    with Office(office.dir) as again:
        assert again.client().login  # a second start finds the new ones
        assert (keys / "archive.pub").read_text() == new
        again.stop()


def test_days_of_the_archive_take_two_persons():
    with Office() as office:
        people = staff(office, "leader", "auditor")
        security, auditor = people["security"], people["auditor"]
        archived(office)
        assert security.post("/api/archive/removals", {"days": 179, "reason": "盘满"})[0] == 422  # the law's six months
        assert auditor.post("/api/archive/removals", {"days": 400, "reason": "盘满"})[0] == 403
        status, kept = security.get("/api/archive?days=400")
        assert status == 200 and kept["least"] == 180 and kept["over"]["days"] == 0, kept
        pair = propose(security, "/api/archive/removals", days=400)
        assert security.post(f"/api/pairs/{pair}/confirm")[0] == 403
        assert auditor.post(f"/api/pairs/{pair}/confirm", {"reason": "核对"})[0] == 204
        order = outcome(office, security, 1)
        assert order["state"] == "done" and order["value"] == 400, order
        assert order["outcome"] == {"days": 0, "records": 0, "bytes": 0, "from": None, "to": None, "held": 0}, order
        # A writer that dies is asked again when there is another one.
        office.kill("writer")
        pair = propose(security, "/api/archive/removals", days=500)
        assert auditor.post(f"/api/pairs/{pair}/confirm")[0] == 204
        assert outcome(office, security, 2)["state"] == "done"
        # Past the office: refused while it runs, told by its journal when it did not.
        at = ["--archive", office.dir / "archive", "--keys", office.dir / "keys", "--key", "archive"]
        done = run([WARD, "archive", "prune", *at, "--days", "1", "--anyway"])
        assert done.returncode == 2 and not done.stdout, done.stdout + done.stderr
        office.stop()
        assert run([WARD, "archive", "hold", *at, "--name", "case-9", "--reason", "trial"]).returncode == 0
        assert run([WARD, "archive", "release", *at, "--name", "case-9", "--reason", "nobody asked"]).returncode == 0
    with Office(office.dir) as again:
        client = again.client()
        client.cookie, client.csrf = auditor.cookie, auditor.csrf

        def told():
            return [row for row in journal(client, "archive") if row[0] == "release"]
        assert again.wait(told, "the journal") == [("release", "ward", "on the machine itself, by no order of two persons")]
        again.stop()


def tries(office):
    with contextlib.closing(sqlite3.connect(f"file:{office.dir}/records/records.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT id, tries FROM ward_order ORDER BY id DESC LIMIT 1").fetchone() or (0, 0)


def restarted(office, old, *clients):
    """Another server is there; what was a connection to the one that died is none any more."""
    office.wait(lambda: office.pid("server") not in (0, None, old), "another server")
    for client in clients:
        client.close()


def test_what_was_done_is_not_done_again():
    """The server dies when the key has been made and before it has heard so: the one that follows sees it, and no second one is made."""
    with Office() as office:
        people = staff(office, "auditor")
        security, auditor = people["security"], people["auditor"]
        archived(office)
        keys = office.dir / "keys"
        for count, (what, made, outcome_) in enumerate((("seal", keys / "archive.pub", "public"), ("authority", keys / "ca.crt", "sha256")), 1):
            before, server, keeper = made.read_text(), office.pid("server"), office.pid("keeper")
            # The keeper waits, so that the server can be stopped after it has asked and before the answer.
            pair = propose(security, f"/api/keys/{what}/renew")
            os.kill(keeper, signal.SIGSTOP)
            try:
                assert auditor.post(f"/api/pairs/{pair}/confirm", {"reason": "已核对"})[0] == 204
                office.wait(lambda: tries(office) == (count, 1), "the order to be asked for")
                time.sleep(0.3)
                os.kill(server, signal.SIGSTOP)
            finally:
                os.kill(keeper, signal.SIGCONT)
            office.wait(lambda: made.read_text() != before, "the new one")
            after = made.read_text()
            os.kill(server, signal.SIGKILL)
            restarted(office, server, security, auditor)
            order = outcome(office, security, count)
            assert order["state"] == "done" and order["tries"] == 1, order
            if what == "seal":
                assert order["outcome"]["public"] == after.strip(), order
            else:
                digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate(office))).hexdigest()
                assert order["outcome"][outcome_] == digest, order
            time.sleep(2.5)  # two turns of what carries orders out
            assert made.read_text() == after and len(list(keys.glob("archive-*.pub"))) == 1
        assert [action for action, _, _ in journal(auditor, "order")] == ["give", "done"] * 2
        office.stop()


def test_what_was_not_heard_is_asked_for_again():
    """The server dies when it has asked and nobody has heard it: the one that follows asks again, and it is done once."""
    with Office() as office:
        people = staff(office, "auditor")
        security, auditor = people["security"], people["auditor"]
        archived(office)
        made = office.dir / "keys" / "archive.pub"
        before, server = made.read_text(), office.pid("server")
        pair = propose(security, "/api/keys/seal/renew")
        office.process.send_signal(signal.SIGSTOP)
        try:
            assert auditor.post(f"/api/pairs/{pair}/confirm", {"reason": "已核对"})[0] == 204
            office.wait(lambda: tries(office) == (1, 1), "the order to be asked for")
            os.kill(server, signal.SIGKILL)
            time.sleep(0.3)
            assert made.read_text() == before
        finally:
            office.process.send_signal(signal.SIGCONT)
        restarted(office, server, security, auditor)
        order = outcome(office, security, 1)
        assert order["state"] == "done" and order["tries"] in (1, 2) and order["outcome"]["public"] == made.read_text().strip(), order
        assert len(list((office.dir / "keys").glob("archive-*.pub"))) == 1
        office.stop()
