# SPDX-License-Identifier: MulanPSL-2.0
"""`ward up` itself with the registers it comes with: 1,000,000 devices, 200 clients that keep their connections and their sessions.

bench/load.c asks at a fixed rate, each request at its moment, and counts from that moment; then once as fast as the server answers. What is
asked: a device with its titles, rights, files and what refers to it; a list of 50, filtered and sorted, in five forms that people use; a device
made, and one changed, each with its journal entry and durable when it is answered. The load itself takes about half of the machine: its CPU and
the server's are shown apart. The peer is nginx, which gives a file of 80 bytes over TLS and keeps no records.
"""
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import time

import bench
from bench_api import CLIENTS, SECONDS, load, nginx
from bench_up import cpu, memory

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "it"))

import harness  # noqa: E402
from office import Office  # noqa: E402

ROWS = 1_000_000
PASSWORD = "Right-Battery-Staple-77"
CONFIG = """console:
  limits: {connections: 2048, connections_per_address: 2048, requests_per_address: 100000, requests_per_user: 100000}
sources: []
"""
LISTS = (
    "f=state:eq:in_use&sort=-updated&limit=50",
    "f=state:in:in_use,registered&f=kind:eq:server&sort=-updated&limit=50",
    "f=kind:eq:pc&sort=asset_no&limit=50",
    "f=zone:eq:inner&f=os_eol:lt:2028-06-01&sort=os_eol&limit=50",
    "f=person:eq:{n}&sort=-last_seen&limit=50",
)
SETTLE = 45  # seconds: the first management checks run, and their findings are written
READS, LIST_RATE, WRITES = 5000, 500, 2000  # a second


def fill(folder, rows=ROWS):
    """Devices straight into the table; ward stands still."""
    database = sqlite3.connect(folder / "records" / "records.db")
    database.executescript(f"""
        PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
        INSERT INTO asset (number, org, state, state_since, version, created, created_by, updated, updated_by, asset_no, name, kind, serial, mac, ip,
                           os, os_eol, location, person, custodian, bought, service_years, zone, dedicated, agent, last_seen)
        SELECT printf('ZC-%05d', i), 1, CASE WHEN i % 100 < 70 THEN 'in_use' WHEN i % 100 < 80 THEN 'registered' WHEN i % 100 < 90 THEN 'idle' ELSE 'retired' END,
               1790000000, 1, 1790000000 + i, 1, 1790000000 + (i * 31) % 9000000, 1, printf('A%07d', i), 'Computer ' || i,
               CASE WHEN i % 20 < 15 THEN 'pc' WHEN i % 20 = 15 THEN 'server' WHEN i % 20 = 16 THEN 'network' ELSE 'printer' END,
               printf('SN%09d', i), printf('02:00:%02x:%02x:%02x:00', i >> 16, (i >> 8) & 255, i & 255), printf('10.%d.%d.%d', i >> 16, (i >> 8) & 255, i & 255),
               'Windows 10', date('2027-06-01', '+' || ((i * 17) % 1500) || ' days'), 'Room ' || (i % 400), (i * 13) % 100000 + 1, (i * 7) % 100000 + 1,
               date('2023-01-01', '+' || ((i * 3) % 1000) || ' days'), 6, CASE i % 4 WHEN 0 THEN 'inner' WHEN 1 THEN 'government' ELSE 'office' END, 0, 1,
               date('now', '-' || (i % 20) || ' days') FROM n;
        WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
        INSERT OR IGNORE INTO person (id, number, org, state, state_since, version, created, created_by, updated, updated_by, name, code)
        SELECT i, 'P' || i, 1, 'active', 1790000000, 1, 1790000000, 1, 1790000000, 1, 'Person ' || i, 'c' || i FROM n;""")
    database.close()


def officer(office):
    """An account that may make and change devices."""
    first = office.first()
    _, orgs = first.get("/api/records/org?limit=1")
    _, person = first.post("/api/records/person", {"org": orgs["rows"][0]["id"], "values": {"name": "Officer", "code": "OFF-1"}})
    _, made = first.post("/api/users", {"login": "officer", "name": "Officer", "person": person["record"]["id"]})
    status, answer = first.put(f"/api/users/{made['id']}/roles", {"roles": ["officer"], "reason": "to measure"})
    if status not in (200, 204):
        raise bench.CannotMeasure(str(answer))
    status, answer = office.client().login("officer", made["password"]).post("/api/password", {"old": made["password"], "new": PASSWORD})
    if status not in (200, 204):
        raise bench.CannotMeasure(str(answer))


class Place:
    """An office with its devices; `folder` is kept when it is given, for looking closer."""

    def __init__(self, folder=None, rows=ROWS):
        self.kept = folder is not None
        self.folder = pathlib.Path(folder) if folder else pathlib.Path(tempfile.mkdtemp(prefix="ward-bench-"))
        self.office = Office(self.folder / "office", binary=harness.WARD_RELEASE, config=CONFIG)
        if not (self.folder / "office" / "records").exists():
            self.office.start()
            officer(self.office)
            self.office.stop()
            fill(self.folder / "office", rows)
        self.office.start()
        self.server = self.office.pid("server")
        time.sleep(SETTLE)
        client = self.office.client().login("officer", PASSWORD)
        self.headers = (f"Cookie: __Host-ward={client.cookie}", f"X-Ward-CSRF: {client.csrf}", "Content-Type: application/json")

    def run(self, rate, method, path, body="", seconds=SECONDS):
        """What load says, with the server's CPU time for one request in µs."""
        before = cpu([self.server])
        result = load(self.office.port, rate, method, path, body, self.headers, seconds)
        time.sleep(0.1)
        result["server"] = (cpu([self.server]) - before) * 1e6 / max(result["requests"], 1)
        return result

    def close(self):
        self.office.stop(None)
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)


NEW = '{"values": {"asset_no": "%s-{n}", "name": "Computer {n}", "kind": "pc", "zone": "office", "location": "Room 7", "bought": "2026-02-03"}}'
CHANGE = '{"version": 1, "values": {"location": "Room {n} %s", "last_seen": "2026-11-0%d"}, "reason": "moved"}'


def bench_office():
    place = Place()
    try:
        lists = "|".join("/api/records/asset?" + query for query in LISTS)
        place.run(0, "GET", lists, seconds=3)  # the pages come into memory
        read = place.run(READS, "GET", "/api/records/asset/{n}")
        many = place.run(LIST_RATE, "GET", lists)
        make = place.run(WRITES, "POST", "/api/records/asset", NEW % "B")
        change = place.run(WRITES, "PATCH", "/api/records/asset/{n}", CHANGE % ("east", 1))
        most_reads = place.run(0, "GET", "/api/records/asset/{n}")
        most_lists = place.run(0, "GET", lists)
        most_writes = place.run(0, "POST", "/api/records/asset", NEW % "C")
        rss = memory([place.server])[0]
    finally:
        place.close()
    with tempfile.TemporaryDirectory() as name:
        from bench_api import certificate
        peer = nginx(pathlib.Path(name), certificate(pathlib.Path(name)))
    beside = f"nginx gives {peer:,.0f} files/s" if peer else "no nginx here"

    def latency(what, result, limit, words=""):
        return bench.row(f"ward up, {CLIENTS} clients, {what}: p99", f"{result['p99']:.1f} ms", f"<= {limit} ms", result["p99"] <= limit,
                         f"p50 {result['p50']:.1f}, {result['server']:.0f} µs of CPU each{words}")

    return [
        latency(f"{READS:,} reads/s of a device by id", read, 5),
        latency(f"{LIST_RATE:,} lists/s of 50 from {ROWS:,}", many, 25),
        latency(f"{WRITES:,} devices/s made, durable, with journal", make, 25),
        latency(f"{WRITES:,} devices/s changed, durable, with journal", change, 25),
        bench.row("ward up, reads as fast as answered", f"{most_reads['rate']:,.0f}/s", ">= 5,000/s", most_reads["rate"] >= 5000, beside),
        bench.row("ward up, lists as fast as answered", f"{most_lists['rate']:,.0f}/s", "", None, ""),
        bench.row("ward up, durable writes as fast as answered", f"{most_writes['rate']:,.0f}/s", ">= 2,000/s", most_writes["rate"] >= 2000,
                  f"server {rss / 1e6:.0f} MB"),
    ]
