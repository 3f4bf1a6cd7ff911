# SPDX-License-Identifier: MulanPSL-2.0
"""All management checks over an office of 1,000,000 records, beside counting the same rows once with SQLite alone."""
import pathlib
import sqlite3
import subprocess
import tempfile
import time

import bench

NOW = "CAST(strftime('%s', 'now') AS INTEGER)"
# One in a hundred records or fewer is something that a check finds, as in an office that is looked after.
FILL = {
    "org": (2000, {"name": "'org ' || i", "code": "'c' || i", "parent": "nullif((i - 1) / 20, 0)", "tier": "'county'", "kind":
                   "iif(i % 3, 'hospital', 'bureau')", "state": "'active'", "key_fingerprint": "'ab'"}),
    "person": (60000, {"name": "'p' || i", "code": "'c' || i", "state": "iif(i % 500, 'active', 'gone')"}),
    "system": (4000, {"name": "'s' || i", "level": "i % 3 + 1", "filing_no": "'f'", "assess_last": "date('now', '-100 days')",
                      "core": "i % 10 = 0", "state": "'running'"}),
    "account": (200000, {"login": "'l' || i", "system": "i % 4000 + 1", "kind": "'business'", "person": "i % 60000 + 1", "mfa": "1",
                         "last_login": "date('now', '-' || (i % 44) || ' days')", "exam_ok_until": "date('now', '+50 days')",
                         "state": "'active'"}),
    "asset": (200000, {"asset_no": "'a' || i", "name": "'n'", "kind": "iif(i % 20, 'pc', 'server')",
                       "mac": "printf('02:00:%02x:%02x:%02x:00', i >> 16, (i >> 8) & 255, i & 255)", "zone": "'office'", "agent": "1",
                       "os_eol": "date('now', '+500 days')", "system": "i % 4000 + 1", "state": "'in_use'"}),
    "vulnerability": (150000, {"reference": "'CVE-' || i", "asset": "i % 200000 + 1", "severity": "'high'", "owner": "5",
                               "found": "date('now', '-20 days')", "due": "date('now', '+20 days')", "retest": "'[1]'", "verifier": "7",
                               "test_result": "'ok'", "state": "iif(i % 10, 'closed', 'fixing')"}),
    "finding": (150000, {"title": "'t'", "source": "'check'", "host": "i % 5000", "check_id": "'c' || (i % 300)", "severity": "'high'",
                         "responsible": "5", "verifier": "7", "due": "date('now', '+5 days')", "first_seen": NOW + " - 3000",
                         "last_seen": NOW + " - 3000", "closed_at": NOW + " - 1000", "state": "iif(i % 20, 'closed', 'fixing')"}),
    "duty": (100000, {"slot_on": "date('now', '-' || (i / 2000 + 2) || ' days')", "slot": "iif(i % 2, 'morning', 'afternoon')",
                      "place": "iif(i % 3, 'machine_room', 'site')", "place_name": "'r' || i", "person": "i % 60000 + 1",
                      "readings": "'r' || i", "state": "'done'"}),
    "exam": (60000, {"person": "i", "training": "1", "passed": "1", "valid_to": "date('now', '+90 days')", "state": "'valid'"}),
    "firewall_rule": (20000, {"source": "'10.0.0.0/8'", "destination": "'10.1.1.1'", "protocol": "'tcp'", "port": "i % 60000", "decision":
                              "'allow'", "valid_to": "date('now', '+90 days')", "applied_at": NOW, "state": "'applied'"}),
    "publication": (20000, {"item": "'i'", "site": "i % 1000 + 1", "author": "1", "department_checker": "2", "secrecy_checker": "3",
                            "office_checker": "4", "state": "'published'"}),
    "answer": (20000, {"task": "i % 2000", "item": "'i' || i", "check_id": "'c' || (i % 300)", "answer": "iif(i % 10, 'unmet', 'met')",
                       "state": "'answered'"}),
    "data_asset": (10000, {"system": "i % 4000 + 1", "object": "'t' || i", "grade": "'general'", "reviewed_at": "date('now')",
                           "people_count": "100", "state": "'approved'"}),
    "medium": (5000, {"medium_no": "'m' || i", "serial": "'s' || i", "state": "'registered'"}),
    "ticket": (5000, {"initiator": "1", "confirmer": "2", "planned_from": NOW, "planned_to": NOW + " + 9000", "state": "'done'"}),
    "change": (5000, {"summary": "'s'", "system": "i % 4000 + 1", "pre_scan": "'[1]'", "assessor": "3", "approver": "4", "state": "'approved'"}),
    "policy": (3000, {"doc_no": "'d' || i", "version": "'1'", "kind": "'rule'", "next_review": "date('now', '+90 days')", "state": "'issued'"}),
    "backup_job": (4000, {"name": "'b' || i", "system": "i", "site": "'offsite'", "last_ok": NOW, "restore_test_at": "date('now')",
                          "state": "'ok'"}),
    "post": (4000, {"name": "'p' || i", "duty_kind": "'manage'", "person_a": "i", "person_b": "i + 1", "systems": "'[' || i || ']'",
                    "state": "'in_force'"}),
}


def fill(path):
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous = OFF")
    total = 0
    for table, (rows, values) in FILL.items():
        columns = ", ".join(values)
        database.execute(f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
                         f"INSERT INTO {table} (number, org, state_since, version, created, created_by, updated, updated_by, {columns}) "
                         f"SELECT 'N' || i, i % 2000 + 1, {NOW}, 1, {NOW}, 0, {NOW}, 0, {', '.join(values.values())} FROM n")
        total += rows
    database.execute("ANALYZE")
    database.commit()
    start = time.thread_time()
    for table in FILL:
        database.execute(f"SELECT count(*) FROM {table} WHERE withdrawn IS NULL AND state = version").fetchone()
    seconds = time.thread_time() - start
    database.close()
    return total, seconds


def bench_checks():
    program = bench.build("bench/bench_management")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "records.db"
        subprocess.run([program, "make", path], check=True)
        total, scan = fill(path)
        runs = []
        for _ in range(3):
            done = subprocess.run([program, "run", path], capture_output=True, text=True, check=True)
            lines = [line.split() for line in done.stdout.splitlines()]
            runs.append(float(lines[-1][1]) / 1000)
        checks = lines[:-1]
        slow = max(checks, key=lambda line: float(line[3]))
        unknown = {line[0] for line in checks if line[1] == "unknown"} # there is no archive of events
    seconds = bench.median(runs)
    return [bench.row(f"{len(checks)} management checks, {total:,} records", f"{seconds:.2f} s CPU", "<= 2 s", seconds <= 2 and unknown == {"ticket-privileged-command"},
                      f"one reading of all of them by SQLite {scan:.2f} s; slowest {slow[0]} {float(slow[3]):.0f} ms")]


def bench_findings():
    """Somebody who writes while a check's 10,000 findings are kept, beside the same in one work."""
    program = bench.build("bench/bench_management")
    waits = {}
    for how in ("whole", "pieces"):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "records.db"
            subprocess.run([program, "make", path], check=True)
            done = subprocess.run([program, how, path], capture_output=True, text=True, check=True)
            waits[how] = [float(word) for word in done.stdout.split()]
    wall, longest, writes, raised = waits["pieces"]
    return [bench.row("another's write while 10,000 findings are kept", f"{longest:.0f} ms at most", "<= 1/8 of one work",
                      longest * 8 <= waits["whole"][1] and raised == 10000, f"in one work {waits['whole'][1]:.0f} ms; {writes:.0f} writes meanwhile, {wall / 1000:.1f} s in all, in one work {waits['whole'][0] / 1000:.1f} s")]
