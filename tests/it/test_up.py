# SPDX-License-Identifier: MulanPSL-2.0
"""ward up: an office from nothing, found again at the second start, whichever process dies."""
import json
import os
import re
import sqlite3
import ssl
import socket
import subprocess
import time

from harness import WARD, environment, need_root, run, temporary
from office import ROLES, Office


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
        for role in ("server", "inspector", "keeper", "writer", "monitor", "server"):
            old = office.kill(role)
            office.wait(lambda: office.pid(role) not in (0, old), f"the {role} to be back")
            office.wait(lambda: office.client().get("/api/health")[0] == 200, f"answers after the {role} died")
        runs = rows(office, "SELECT count(*) FROM ward_inspection")[0][0]
        office.wait(inspected(office, min(runs, 2)), "an inspection for the new server")
        office.kill("supervisor")
        office.start()
        assert office.client().get("/api/health")[0] == 200
        office.stop()


def test_two_on_one_directory_and_a_port_that_is_taken():
    with Office() as office:
        second = run([WARD, "up", "--dir", office.dir, "--listen", "127.0.0.1:0"], timeout=60)
        assert second.returncode == 2 and "runs already" in second.stderr, second.stderr
        other = run([WARD, "up", "--dir", temporary() / "other", "--listen", f"127.0.0.1:{office.port}"], timeout=60)
        assert other.returncode == 2, other.stderr
        named = re.search(r"--listen 127\.0\.0\.1:(\d+)", other.stderr)
        assert named and int(named[1]) != office.port, other.stderr
        office.stop()


def test_a_directory_it_cannot_write():
    done = run([WARD, "up", "--dir", "/proc/nowhere"], timeout=60)
    assert done.returncode == 2 and "/proc/nowhere" in done.stderr, done.stderr


def test_wrong_configurations_are_named():
    for text, words in (("consol: {}\n", "ward.yaml:1:1: unknown key 'consol', did you mean 'console'?"),
                        ("console: {listen: here}\n", "'here' is no place to listen"),
                        ("console: {certificate: /a.crt}\n", "console.certificate and console.key belong together"),
                        ("inspect: {every: 5}\n", "ward.yaml:1:18")):
        folder = temporary()
        (folder / "ward.yaml").write_text(text)
        done = run([WARD, "up", "--dir", folder], timeout=60)
        assert done.returncode == 2 and words in done.stderr, done.stderr


def test_findings_in_brief_are_printed_in_the_persons_language():
    said = temporary() / "out"
    with open(said, "wb") as out:
        process = subprocess.Popen([WARD, "up", "--dir", temporary() / "o", "--listen", "127.0.0.1:0", "--lang", "zh-CN"],
                                   env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)
        until = time.monotonic() + 60
        while time.monotonic() < until and "项检查" not in said.read_text():
            time.sleep(0.1)
        process.terminate()
        errors = process.communicate(timeout=60)[1].decode()
    text = said.read_text()
    assert process.returncode == 0, errors
    assert re.search(r"控制台地址：https://127\.0\.0\.1:\d+/", text), text
    assert re.search(r"\d+/\d+ 项检查不合格（.*\d+ 高", text), text
    assert len(re.findall(r"^  \S", text, re.M)) == 6, text
