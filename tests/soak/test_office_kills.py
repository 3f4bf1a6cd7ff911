# SPDX-License-Identifier: MulanPSL-2.0
"""`ward up` killed at 200 random moments during writes, transitions and imports."""
from office_kills import killed


def test_ward_up_killed_at_200_moments():
    records, sheets = killed(200, 200)
    print(f"200 kills; {records} records and {sheets} imports were acknowledged, none is lost")
