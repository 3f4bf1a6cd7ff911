# SPDX-License-Identifier: MulanPSL-2.0
"""The table `events` of ward sql."""
import json
import sqlite3

from harness import sql, ward
from test_search import EVENTS, archive_of, events_archive


def ask(folder, query):
    return sql(query, None, "--archive", folder)


def test_rows_are_the_events():
    folder = events_archive()
    rows = ask(folder, "SELECT * FROM events ORDER BY time, json_extract(fields, '$.number')")
    assert [json.loads(row["fields"])["number"] for row in rows] == [
        e["number"] for e in sorted(EVENTS, key=lambda e: (e["@timestamp"], e["number"]))]
    assert rows[0]["time"] == "2026-11-01 00:00:00.500000" and rows[0]["host"] == "his01" and "match" not in rows[0]


def test_conditions():
    folder = events_archive()
    for where, means in {
        "time >= '2026-11-09'": lambda e: e["@timestamp"] >= "2026-11-09",
        "time < '2026-11-01 03:00:00'": lambda e: e["@timestamp"] < "2026-11-01T03",
        "time BETWEEN '2026-11-02 05:00:00' AND '2026-11-02 06'": lambda e: e["@timestamp"].startswith("2026-11-02T05"),
        "time = '2026-11-02 05:00:00.500000'": lambda e: e["@timestamp"] == "2026-11-02T05:00:00.5Z",
        "host = 'his01'": lambda e: True, "host = 'HIS01'": lambda e: False, "host IS NULL": lambda e: False, "host = NULL": lambda e: False,
        "raw LIKE '%TOOL3.exe%'": lambda e: "tool3." in e["path"], "raw GLOB '*TOOL3.exe*'": lambda e: False,
        "raw GLOB '*tool[34].exe*'": lambda e: "tool3." in e["path"] or "tool4." in e["path"],
        "match = 'user:root number:<10'": lambda e: e["user"] == "root" and e["number"] < 10,
        "events MATCH '登录失败'": lambda e: e["message"] == "登录失败",
        "match = 'user:root' AND json_extract(fields, '$.number') % 2 = 0": lambda e: e["user"] == "root" and e["number"] % 2 == 0,
        "match = 'user:root' OR 0": None,
    }.items():
        if means is None:
            done = ward("sql", "--archive", folder, f"SELECT count(*) FROM events WHERE {where}")
            continue
        rows = ask(folder, f"SELECT json_extract(fields, '$.number') AS n FROM events WHERE {where}")
        assert sorted(row["n"] for row in rows) == [e["number"] for e in EVENTS if means(e)], where
    users = ask(folder, "SELECT e.host, count(*) AS n FROM events e, os_release o WHERE e.match = 'user:root' GROUP BY 1")
    assert users == [] or users[0]["n"] % 334 == 0


def test_what_is_wrong_is_said():
    folder = events_archive()
    for query, said in [("SELECT * FROM events WHERE match = 'a AND'", "character 6"), ("SELECT * FROM events WHERE match = '/(/'", "expression"),
                        ("DELETE FROM events", "may not be modified"), ("INSERT INTO events VALUES (1)", "only SELECT"),
                        ("CREATE VIRTUAL TABLE x USING events", "only SELECT")]:
        done = ward("sql", "--archive", folder, query)
        assert done.returncode == 2 and said in done.stderr, (query, done.stderr)
    done = ward("sql", "--archive", "/nonexistent", "SELECT * FROM events")
    assert done.returncode == 2 and "no archive" in done.stderr
    assert ward("sql", "--archive", "/nonexistent", "SELECT 1").returncode == 0
    with sqlite3.connect(sorted(folder.glob("20*.ward"))[0]) as db:
        db.execute("UPDATE block_data SET data = substr(data, 1, length(data) / 2) WHERE number = 3")
    done = ward("sql", "--archive", folder, "SELECT count(*) FROM events")
    assert done.returncode == 0 and "table events was seen in part: block 3 of" in done.stderr, done.stderr


def test_a_deadline_stops_it():
    folder = archive_of(["word " * 2000 + str(n) for n in range(3000)], "plain", block=1000000)
    done = ward("sql", "--archive", folder, "--deadline", "1", "SELECT count(*) FROM events a, events b, events c WHERE a.raw GLOB '*x*y*z*' OR 1", timeout=50)
    assert done.returncode == 2 and "stopped after" in done.stderr
