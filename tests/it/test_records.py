# SPDX-License-Identifier: MulanPSL-2.0
"""The records on SQLite and PostgreSQL. The unit program runs on SQLite by itself; here once more on PostgreSQL."""
import re

import harness
from postgresql import PostgreSQL

UNITS = harness.ROOT / "build-asan" / "tests"


def test_same_on_postgresql():
    with PostgreSQL() as server:
        for unit, least in (("test_records", 16), ("test_journal", 8)):
            done = harness.run([UNITS / unit], env={"WARD_TEST_RECORDS": server.url(), "CMOCKA_MESSAGE_OUTPUT": "TAP"}, timeout=200)
            assert done.returncode == 0, done.stdout + done.stderr
            assert len(re.findall(r"^ok", done.stdout, re.MULTILINE)) >= least, done.stdout
