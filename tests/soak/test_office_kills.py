# SPDX-License-Identifier: MulanPSL-2.0
"""`ward up` killed at 200 random moments during writes, transitions and imports; the attacks of tests/test_attacks.c on PostgreSQL."""
from office_kills import killed
from test_records import same_on_postgresql


def test_ward_up_killed_at_200_moments():
    killed(200, 200)


def test_attacks_on_postgresql():
    same_on_postgresql([("attacks", 5)])
