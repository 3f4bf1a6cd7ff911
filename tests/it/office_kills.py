# SPDX-License-Identifier: MulanPSL-2.0
"""`ward up` killed at random moments while people make records, take them through transitions and import: what was acknowledged is there,
and the journal agrees with every row."""
import http.client
import random
import sqlite3
import threading
import time

from harness import PATIENCE, ward
from office import Office

ROWS = 150  # of one import


class Person(threading.Thread):
    """Makes a record, takes it through a transition, makes the next; .kept: {id: (state, version)} of what was acknowledged."""

    def __init__(self, office, client, name):
        super().__init__(daemon=True)
        self.office, self.name_, self.kept, self.sent = office, name, {}, 0
        self.client = office.client()
        self.client.cookie, self.client.csrf = client.cookie, client.csrf
        self.ends = False

    def ask(self, path, body, **kw):
        try:
            self.client.port = self.office.port
            return self.client.post(path, body, timeout=10, **kw)
        except (OSError, http.client.HTTPException, ValueError):
            self.client.close()
            time.sleep(0.05)
            return 0, None

    def keep(self, value):
        record = value["record"]
        self.kept[record["id"]] = (record["state"], record["version"])
        return record

    def run(self):
        while not self.ends:
            self.sent += 1
            status, value = self.ask("/api/records/software", {"values": {"name": "s", "package": f"{self.name_}-{self.sent}", "approved_version": "1"}})
            if status != 201:
                time.sleep(0.05)
                continue
            record = self.keep(value)
            status, value = self.ask(f"/api/records/software/{record['id']}/transition",
                                     {"version": record["version"], "name": "stop", "reason": "tried"})
            if status == 200:
                self.keep(value)


class Importer(Person):
    """Hands in a sheet, applies it; .kept: names of sheets of which it was said that they are applied."""

    def state(self, id, than):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not self.ends:
            try:
                self.client.port = self.office.port
                status, value = self.client.get(f"/api/imports/{id}", timeout=10)
                if status == 200 and value["state"] not in than:
                    return value["state"]
            except (OSError, http.client.HTTPException, ValueError):
                self.client.close()
            time.sleep(0.05)
        return None

    def run(self):
        while not self.ends:
            self.sent += 1
            name = f"{self.name_}-{self.sent}"
            text = "Name,Package,Approved version\r\n" + "".join(f"i,{name}-{row},1\r\n" for row in range(ROWS))
            status, value = self.ask(f"/api/records/software/imports?name={name}.csv", text.encode(), headers={"Content-Type": "text/csv"})
            if status not in (200, 201, 202) or self.state(value["id"], ("checking",)) != "checked":
                continue
            if self.ask(f"/api/imports/{value['id']}/apply", {})[0] == 202 and self.state(value["id"], ("checked", "applying")) == "applied":
                self.kept[name] = ROWS


def killed(moments, seed):
    chance = random.Random(seed)
    with Office() as office:
        client = office.first()
        people = [Person(office, client, "p"), Person(office, client, "q"), Importer(office, client, "i")]
        for person in people:
            person.start()
        for moment in range(moments):
            time.sleep(0.3 + chance.random())
            if moment % 4 == 3:
                office.kill("supervisor")
                office.start()
            else:
                old = office.kill(chance.choice(("server", "server", "keeper")))
                office.wait(lambda: old not in [row["pid"] for row in office.status()["roles"]], "another process")
            office.wait(lambda: office.client().get("/api/health")[0] == 200, "answers")
        enough = lambda: sum(len(person.kept) for person in people[:2]) > moments and people[2].kept
        office.wait(enough, "so many changes and an import")
        for person in people:
            person.ends = True
        for person in people:
            person.join()
        office.stop()
        kept = people[0].kept | people[1].kept
        with sqlite3.connect(f"file:{office.dir}/records/records.db?mode=ro", uri=True) as db:
            there = {id: (state, version) for id, state, version in db.execute("SELECT id, state, version FROM software")}
            packages = [row[0] for row in db.execute("SELECT package FROM software")]
        lost = {id: (what, there.get(id)) for id, what in kept.items() if id not in there or there[id][1] < what[1]}
        assert not lost, f"acknowledged and lost: {list(lost.items())[:5]}"
        assert len(packages) == len(set(packages)), "something was kept twice"
        for name in people[2].kept:
            assert sum(package.startswith(name + "-") for package in packages) == ROWS, name
        done = ward("verify", office.dir)
        assert done.returncode == 0, done.stdout + done.stderr
    return len(kept), len(people[2].kept)
