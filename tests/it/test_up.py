# SPDX-License-Identifier: MulanPSL-2.0
"""ward up: an office from nothing, found again at the second start, whichever process dies."""
import hashlib
import json
import os
import re
import signal
import sqlite3
import ssl
import socket
import subprocess
import time

from harness import PATIENCE, WARD, environment, need_root, run, temporary
from office import ROLES, Office
from postgresql import PostgreSQL
from staff import staff


def rows(office, query):
    with sqlite3.connect(f"file:{office.dir}/records/records.db?mode=ro", uri=True) as db:
        return db.execute(query).fetchall()


def inspected(office, runs=1):
    return lambda: rows(office, "SELECT count(*) FROM ward_inspection")[0][0] >= runs


def test_begins_from_nothing_and_answers():
    with Office() as office:
        status, health = office.client().get("/api/health")
        assert (status, health["good"]) == (200, True)
        assert office.client().get("/api/clocks")[0] == 401
        assert {row["role"] for row in office.status()["roles"] if row["pid"]} >= set(ROLES)
        office.wait(inspected(office), "the first inspection")
        office.stop()
    assert not os.stat(office.dir / "keys").st_mode & 0o077
    assert not os.stat(office.dir / "tls" / "server.key").st_mode & 0o177


def test_what_it_found_is_what_ward_inspect_finds():
    """Verdicts do not suffer from the walls around the inspector."""
    need_root()
    with Office() as office:
        office.wait(inspected(office), "the first inspection")
        kept = dict(rows(office, "SELECT check_id, value FROM ward_verdict"))
        digests = dict(rows(office, "SELECT check_id, evidence FROM ward_verdict"))
        evidence = {row[0] for row in rows(office, "SELECT sha256 FROM ward_evidence")}
        tables = {name: n for name, n in rows(office, "SELECT name, n FROM ward_host_table")}
        office.stop()
    done = run([WARD, "inspect", "--profile", "township", "--format", "json"])
    here = {row["id"]: row["verdict"] for row in json.loads(done.stdout)["verdicts"]}
    # The machine itself may change between the two: a little.
    different = {name for name in here if here[name] != kept.get(name)}
    assert kept.keys() == here.keys() and len(different) <= 4, different
    assert not {name for name in different if kept[name] == "unknown"}, different
    assert set(digests.values()) <= evidence
    assert tables["users"] == len(open("/etc/passwd").read().splitlines())


def test_the_certificate_is_of_its_own_authority_and_stays():
    with Office() as office:
        context = ssl.create_default_context(cafile=office.dir / "tls" / "ca.crt")
        seen = set()
        for name in ("localhost", "127.0.0.1", socket.gethostname()):
            with socket.create_connection(("127.0.0.1", office.port)) as link:
                with context.wrap_socket(link, server_hostname=name) as tls:
                    seen.add(tls.getpeercert(True))
        office.stop()
        office.start()
        seen.add(ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", office.port))))
        assert len(seen) == 1
        office.stop()


def test_a_second_start_finds_everything_again():
    with Office() as office:
        office.wait(inspected(office), "the first inspection")
        host = rows(office, "SELECT id, machine_id FROM ward_host")
        since = dict(rows(office, "SELECT check_id, since FROM ward_verdict WHERE value = 'fail'"))
        vault = rows(office, "SELECT value FROM ward_setting WHERE name = 'vault'")
        office.stop()
        time.sleep(1.1)
        office.start()
        office.wait(inspected(office, 2), "the second inspection")
        assert rows(office, "SELECT id, machine_id FROM ward_host") == host
        assert rows(office, "SELECT value FROM ward_setting WHERE name = 'vault'") == vault
        again = dict(rows(office, "SELECT check_id, since FROM ward_verdict WHERE value = 'fail'"))
        same = [name for name in again if since.get(name) == again[name]]
        assert len(same) >= len(again) - 3, "a verdict that stays the same has been so since the first time"
        office.stop()


def test_it_goes_on_whichever_process_dies():
    with Office() as office:
        office.wait(inspected(office), "the first inspection")
        for role in ("server", "keeper", "writer", "monitor", "server"):
            old = office.kill(role)
            office.wait(lambda: office.pid(role) not in (0, old), f"the {role} to be back")
            office.wait(lambda: office.client().get("/api/health")[0] == 200, f"answers after the {role} died")
        # Each new server has the machine inspected anew, however often the inspector dies meanwhile.
        runs = rows(office, "SELECT count(*) FROM ward_inspection")[0][0]
        office.kill("server")
        for _ in range(3):
            try:
                os.kill(office.wait(lambda: office.pid("inspector"), "the inspector", 5), signal.SIGKILL)
            except (ProcessLookupError, AssertionError):
                pass  # it was faster
        office.wait(inspected(office, runs + 1), "an inspection for the new server")
        office.wait(lambda: not office.pid("inspector"), "the inspector to rest")
        office.kill("supervisor")
        office.start()
        assert office.client().get("/api/health")[0] == 200
        office.stop()


def test_two_on_one_directory_and_a_port_that_is_taken():
    with Office() as office:
        second = run([WARD, "up", "--dir", office.dir, "--listen", "127.0.0.1:0"])
        assert second.returncode == 2 and "runs already" in second.stderr, second.stderr
        other = run([WARD, "up", "--dir", temporary() / "other", "--listen", f"127.0.0.1:{office.port}"])
        assert other.returncode == 2, other.stderr
        named = re.search(r"--listen 127\.0\.0\.1:(\d+)", other.stderr)
        assert named and int(named[1]) != office.port, other.stderr
        office.stop()


def test_a_directory_it_cannot_write():
    done = run([WARD, "up", "--dir", "/proc/nowhere"])
    assert done.returncode == 2 and "/proc/nowhere" in done.stderr, done.stderr


def test_wrong_configurations_are_named():
    for text, words in (("consol: {}\n", "ward.yaml:1:1: unknown key 'consol', did you mean 'console'?"),
                        ("console: {listen: here}\n", "'here' is no place to listen"),
                        ("console: {certificate: /a.crt}\n", "console.certificate and console.key belong together"),
                        ("inspect: {every: 5}\n", "ward.yaml:1:18")):
        folder = temporary()
        (folder / "ward.yaml").write_text(text)
        done = run([WARD, "up", "--dir", folder])
        assert done.returncode == 2 and words in done.stderr, done.stderr


def test_findings_in_brief_are_printed_in_the_persons_language():
    said = temporary() / "out"
    with open(said, "wb") as out:
        process = subprocess.Popen([WARD, "up", "--dir", temporary() / "o", "--listen", "127.0.0.1:0", "--lang", "zh-CN"],
                                   env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and "项检查" not in said.read_text():
            time.sleep(0.1)
        process.terminate()
        errors = process.communicate(timeout=PATIENCE)[1].decode()
    text = said.read_text()
    assert process.returncode == 0, errors
    assert re.search(r"控制台地址：https://127\.0\.0\.1:\d+/", text), text
    assert re.search(r"\d+/\d+ 项检查不合格（.*\d+ 高", text), text
    assert len(re.findall(r"^  \S", text, re.M)) == 6, text


def test_the_link_works_once_and_hosts_are_shown():
    with Office() as office:
        office.wait(inspected(office), "the first inspection")
        client = office.first()
        assert office.client().post("/api/first", {"token": office.token, "name": "B", "login": "second", "password": "Another-Horse-8-Staple",
                                                   "org_name": "B", "kind": "township"})[0] == 401
        office.wait(lambda: client.get("/api/hosts")[1]["rows"][0]["org"] == 1, "the host to belong to the organisation")
        row = client.get("/api/hosts")[1]["rows"][0]
        assert row["here"] and row["verdicts"]["pass"] > 0, row
        host = client.get(f"/api/hosts/{row['id']}")[1]
        assert {"users", "deb_packages", "listening"} <= {table["name"] for table in host["tables"]}
        users = client.get(f"/api/hosts/{row['id']}/tables/users")[1]["table"]
        place = users["columns"].index("username")
        assert {user[place] for user in users["rows"]} == {line.split(":")[0] for line in open("/etc/passwd")}
        assert "password" not in users["columns"] and client.get(f"/api/hosts/{row['id']}/tables/authorized_keys")[0] == 404
        runs = len(host["inspections"])
        assert client.post(f"/api/hosts/{row['id']}/inspect")[0] == 202
        office.wait(lambda: len(client.get(f"/api/hosts/{row['id']}")[1]["inspections"]) > runs, "the inspection asked for")
        office.stop()
        office.start()
        assert office.token is None, "no link when somebody has an account"
        office.stop()


def test_the_kind_of_office_is_what_people_chose():
    """At the first login, later by the API; what ward.yaml says stays."""
    with Office() as office:
        office.wait(inspected(office), "the first inspection")
        client = office.first(kind="hospital")
        kind = lambda: client.session()[1]["profile"]
        judged = lambda: rows(office, "SELECT profile FROM ward_inspection ORDER BY id DESC LIMIT 1")[0][0]
        needed = lambda: {row["name"] for row in client.get("/api/registers")[1]["registers"] if row["needed"]}
        office.wait(lambda: kind() == "hospital" and judged() == "hospital", "a hospital's inspection")
        hospital = needed()
        body = {"name": "township", "reason": "it was a mistake"}
        assert client.put("/api/profile", {"name": "castle", "reason": "x"})[0] == 422
        assert client.put("/api/profile", body)[0] == 204
        office.wait(lambda: kind() == "township" and judged() == "township", "a township's inspection")
        assert needed() != hospital
        entry = next(row for row in client.get("/api/journal?kind=setting")[1]["rows"] if row["action"] == "edit")
        assert "hospital" in json.dumps(entry["before"]) and "township" in json.dumps(entry["after"]), entry
        office.stop()
        (office.dir / "ward.yaml").write_text("profile: county\n")
        office.start()
        again = office.client()
        again.cookie, client = client.cookie, again
        assert kind() == "county" and client.get("/api/profiles")[1]["given"]
        assert client.put("/api/profile", body)[0] == 409
        office.stop()


def test_a_threshold_changes_what_is_judged_at_once():
    """An account that nobody has used for 38 days: a city's limit is 30, another office's 45 (content/profiles, content/management)."""
    with Office() as office:
        people = staff(office, "leader")  # of a city
        security, leader = people["security"], people["leader"]
        last = time.strftime("%Y-%m-%d", time.localtime(time.time() - 38 * 86400))

        def done(answer, expected=200):
            assert answer[0] == expected, answer
            return answer[1]["record"]
        system = done(security.post("/api/records/system", {"values": {"name": "HIS", "owner": leader.person}}), 201)
        account = done(security.post("/api/records/account", {"values": {"login": "old", "system": system["id"], "kind": "business",
                                                                         "last_login": last}}), 201)
        for client, name in ((leader, "approve"), (security, "activate")):
            account = done(client.post(f"/api/records/account/{account['id']}/transition", {"version": account["version"], "name": name}))
        assert account["state"] == "active" and account["last_login"] == last, account

        def change(kind):
            before = security.get("/api/management/account-idle")[1]["seen"] or 0
            time.sleep(max(0, before + 1 - time.time()))  # .seen counts seconds
            assert security.put("/api/profile", {"name": kind, "reason": "核定"})[0] == 204

            def judged():
                row = security.get("/api/management/account-idle")[1]
                return row if (row["seen"] or 0) > before else None
            return office.wait(judged, f"the registers judged as a {kind}'s")
        row = change("county")
        assert row["value"] == "pass" and row["open"] == 0, row
        row = change("city")
        assert row["value"] == "fail" and row["open"] == 1, row
        (found,) = security.get("/api/records/finding?f=check_id:eq:account-idle")[1]["rows"]
        assert found["subject"] == "old @ HIS", found
        assert change("county")["value"] == "pass"
        office.stop()


def test_evidence_has_the_digest_that_it_is_known_by():
    with Office() as office:
        client = office.first()
        rows_ = office.wait(lambda: client.get("/api/verdicts?value=fail&limit=100")[1]["rows"], "failed verdicts")
        for row in rows_[:10]:
            status, evidence = client.get(f"/api/evidence/{row['evidence']}")
            assert status == 200 and hashlib.sha256(evidence["canonical"].encode()).hexdigest() == row["evidence"]
            assert json.loads(evidence["canonical"]) == evidence["rows"] and list(evidence["rows"][0]) == evidence["columns"]
        assert client.get("/api/evidence/" + "0" * 64)[0] == 404
        check = client.get(f"/api/checks/{rows_[0]['check']}")[1]
        assert check["rows"][0]["value"] == "fail" and check["violations"].startswith("SELECT")
        office.stop()


def test_findings_of_rules_are_taken_once():
    """Whichever way the server ends while lines come."""
    line = json.dumps({"source": "web", "file": "a", "line": 1, "time": "2026-11-23T04:01:02Z", "host": "h", "rule": "r", "title": "t",
                       "level": "high", "tags": ["attack.t1190"], "fields": {}, "event": "x"})
    with Office() as office:
        client = office.first()
        path = office.dir / "findings" / "2026-11-23.jsonl"
        total = 0
        for part in range(6):
            with open(path, "a") as out:
                for _ in range(500):
                    total += 1
                    out.write(line.replace('"line": 1', f'"line": {total}') + "\n")
                out.write("not JSON\n" if part == 2 else "")
                out.write('{"half": ')
                out.flush()
                time.sleep(0.3 * (part % 3))
                if part % 2:
                    office.kill("server")
                out.write('"a line"}\n')
        found = "SELECT count(*), count(DISTINCT at) FROM ward_detection"
        office.wait(lambda: rows(office, found)[0] == (total, total), f"{total} detections")
        status, value = office.wait(lambda: client.get("/api/detections/techniques?from=0"), "an answer")
        assert status == 200 and value["rows"][0] == {"technique": "t1190", "count": total, "last": 1795406462, "critical": 0, "high": total}
        finding = "SELECT count(*), max(source), max(check_id), max(title), max(state) FROM finding WHERE source = 'rule'"
        office.wait(lambda: rows(office, finding)[0] == (1, "rule", "r", "t", "open"), "one finding of them all")
        page = client.get("/api/detections?from=0&limit=2&level=high")[1]
        assert [row["title"] for row in page["rows"]] == ["t", "t"] and page["more"]
        assert client.get(f"/api/detections/{page['rows'][0]['id']}")[1]["detail"]["event"] == "x"
        office.stop()
    assert total == rows(office, "SELECT count(*) FROM ward_detection")[0][0]


def test_what_failed_becomes_findings_and_the_registers_are_checked():
    with Office() as office:
        client = office.first()
        failed = office.wait(lambda: {row["check"] for row in client.get("/api/verdicts?value=fail&limit=500")[1]["rows"]}, "verdicts")
        found = lambda: {row[0] for row in rows(office, "SELECT check_id FROM finding WHERE source = 'check' AND state <> 'closed'")}
        office.wait(lambda: len(found() ^ failed) <= 4, "the findings of this machine")
        office.wait(lambda: rows(office, "SELECT count(*) FROM finding WHERE source = 'management'")[0][0], "findings in the registers")
        # Nobody configured a regime: level 2 is in force, and what is asked of level 3 is no basis where level 2 asks for the same.
        basis = [row[0] for row in rows(office, "SELECT basis FROM finding WHERE basis LIKE '%22239-2019 7.%'")]
        assert basis and not any("22239-2019 8." in text for text in basis), basis
        office.stop()


def test_records_in_postgresql_behind_the_same_walls():
    with PostgreSQL() as server:
        with Office(config=f"records: {server.url()}\n") as office:
            client = office.first()
            office.wait(lambda: client.get("/api/verdicts?value=fail")[1]["rows"], "verdicts")
            row = client.get("/api/verdicts?value=fail&limit=1")[1]["rows"][0]
            assert client.get(f"/api/evidence/{row['evidence']}")[0] == 200
            assert client.get("/api/detections/techniques")[0] == 200
            server.restart()
            office.wait(lambda: client.get("/api/hosts")[0] == 200, "answers after PostgreSQL came back")
            assert not (office.dir / "records" / "records.db").exists()
            office.stop()


def test_the_server_is_unprivileged_in_all_its_threads():
    """As with the user of the package: what it makes belongs to that user, and no thread began before the walls stood."""
    need_root()
    folder = temporary()
    folder.chmod(0o755)
    with Office(folder / "office", config="user: nobody\n") as office:
        client = office.first()
        pid = office.pid("server")
        threads = os.listdir(f"/proc/{pid}/task")
        assert len(threads) > 3
        for thread in threads:
            status = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/task/{thread}/status").read().splitlines() if ":\t" in line)
            assert status["Seccomp"] == "2" and int(status["CapEff"], 16) == 0 and status["Uid"].split()[0] != "0", status
        office.wait(lambda: client.get("/api/verdicts?value=fail")[1]["rows"], "verdicts")
        office.stop()
        office.start()
        assert office.client().get("/api/health")[0] == 200
        office.stop()
    for name in ("records/records.db", "tls/server.key"):
        assert os.stat(office.dir / name).st_uid != 0, name
    assert os.stat(office.dir / "keys" / "ca.key").st_uid == 0
