# SPDX-License-Identifier: MulanPSL-2.0
"""The unit programs of the office once more, on PostgreSQL; by themselves they run on SQLite. `make test` has those of the records and of
the registers (it/test_records.py); these take a minute each."""
from postgresql import unit_programs


def test_cases():
    unit_programs([("overview", 3), ("cases", 8), ("case_api", 5)])


def test_attacks():
    unit_programs([("attacks", 5)])


def test_people():
    unit_programs([("login", 15), ("people_api", 11)])


def test_api_over_registers():
    """Every filter, cursor and attack."""
    unit_programs([("record_api", 11)])
