# SPDX-License-Identifier: MulanPSL-2.0
"""The records' writer killed at 200 random moments, and PostgreSQL under it at 40: the journal and the records agree, nothing that
was acknowledged is lost, nothing that failed was kept."""
import random
import time

import harness
from postgresql import PostgreSQL
from records_writer import Writer, must_be_whole, must_not_be_there, postgresql_rows, sqlite_rows

MOMENTS, CRASHES = 200, 40


def test_writer_killed_at_200_moments():
    where = harness.temporary() / "records.db"
    kept, chance = {}, random.Random(200)
    for moment in range(MOMENTS):
        with Writer(where, clients=chance.choice((1, 20, 200)), kept=kept) as writer:
            writer.wait_for(1 + chance.randrange(300))
            time.sleep(chance.random() / 20)
            writer.kill()
        if moment % 10 == 9:
            must_be_whole(where, sqlite_rows(where), kept)
    must_be_whole(where, sqlite_rows(where), kept)


def test_postgresql_killed_at_40_moments():
    chance = random.Random(40)
    with PostgreSQL(durable=True) as server, Writer(server.url(), clients=50) as writer:
        for _ in range(CRASHES):
            writer.wait_for(1 + chance.randrange(500))
            time.sleep(chance.random() / 20)
            server.stop(chance.choice(("SIGKILL", "SIGQUIT", "SIGINT")))
            acknowledged = dict(writer.kept)
            server.start()
            rows = postgresql_rows(server)
            assert all(rows.get(id, -1) >= amount for id, amount in acknowledged.items())
        assert writer.end() == (0, "")
        must_be_whole(server.url(), postgresql_rows(server), writer.kept)
        must_not_be_there(postgresql_rows(server), writer.failed, writer.kept)


def test_writer_killed_on_postgresql():
    kept, chance = {}, random.Random(20)
    with PostgreSQL() as server:
        for _ in range(20):
            with Writer(server.url(), kept=kept) as writer:
                writer.wait_for(1 + chance.randrange(300))
                time.sleep(chance.random() / 20)
                writer.kill()
        must_be_whole(server.url(), postgresql_rows(server), kept)
