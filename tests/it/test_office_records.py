# SPDX-License-Identifier: MulanPSL-2.0
"""A whole office's records: proved, saved and restored while it works, taken to PostgreSQL, and at work there."""
import json

import harness
from harness import temporary
from office import Office
from postgresql import PostgreSQL
from records_writer import contents, records


def good(folder, *args):
    done = harness.ward("verify", folder, *args, "--format", "json")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["good"], done.stdout[-3000:] + done.stderr
    return found


def inspected(client):
    return any(row.get("inspected") or row.get("seen") for row in client.get("/api/hosts")[1]["rows"])


def test_an_office_moves_to_postgresql():
    with Office() as office:
        client = office.first()
        assert client.post("/api/records/person", {"values": {"name": "Someone", "phone": "13800138000"}})[0] == 201
        office.wait(lambda: inspected(client), "the first inspection")
        records("backup", office.dir.parent / "saved", "--dir", office.dir)
        office.stop()
        found = good(office.dir)["records_journal"]
        assert found["entries"] > 3 and found["registers"] > 20 and found["rows"] >= 2, found
        where = office.dir / "records" / "records.db"
        before = contents(where)
        said = records("restore", office.dir.parent / "saved", "--dir", office.dir.parent / "restored", "--format", "json")
        assert said["verified"]["good"]
        with PostgreSQL() as server:
            address = server.url(password="s3cret%40%3A%2Fword")
            said = records("move", "--dir", office.dir, "--to", address, "--format", "json")
            assert said["verified"]["good"] and said["rows"] == sum(len(rows) for rows in before.values()), said
            with Office(office.dir, config=f"records: {address}\n") as moved:
                again = moved.client()
                again.cookie = client.cookie  # the session went with the records
                client = again
                assert client.session()[0] == 200
                assert client.get("/api/registers")[0] == 200
                assert inspected(client)
                status, value = client.post("/api/records/person", {"values": {"name": "Someone new", "phone": "13800138000"}})
                assert status == 201 and value["record"]["id"] > max(row[0] for row in before["person"]), (status, value)
                moved.stop()
            assert "s3cret" not in moved.words()
            assert int(server.sql("SELECT count(*) FROM ward_journal")) > len(before["ward_journal"])
            assert records("verify", "--dir", office.dir, "--format", "json")["good"]
        assert contents(where) == before
