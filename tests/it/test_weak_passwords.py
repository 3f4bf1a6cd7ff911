# SPDX-License-Identifier: MulanPSL-2.0
"""weak_passwords: hashes made by openssl and mkpasswd-like tools are found, and nothing of them is told."""
import time

from harness import ROOT, need_tool, run, sql, tree, ward


def hashed(password, kind="-6"):
    done = run([need_tool("openssl"), "passwd", kind, "-salt", "abcdefgh", password])
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_this_year_is_tried_and_nothing_is_shown():
    year = time.gmtime().tm_year
    words = {"u1": f"Ybj@{year}", "u2": f"yibao{year - 1}", "u3": f"tinhserver@{year}", "u4": f"U4@{year}",
             "u5": f"bhxh{year - 5}"}
    root = tree({"etc/os-release": "ID=x\n", "etc/hostname": "tinhserver\n",
                 "etc/shadow": "".join(f"{user}:{hashed(word, '-1')}:1::::::\n" for user, word in words.items())})
    done = ward("sql", "--format", "json", "--root", root, "SELECT * FROM weak_passwords ORDER BY username")
    assert done.returncode == 0, done.stderr
    for word in words.values():
        assert word not in done.stdout + done.stderr
    assert "abcdefgh" not in done.stdout
    rows = {row["username"]: row["kind"] for row in sql("SELECT * FROM weak_passwords", root)}
    assert rows == {"u1": "organisation_year", "u2": "organisation_year", "u3": "host_year",
                    "u4": "username_variant"}, rows


def test_each_common_password_is_found():
    lines = [line.split(" ", 1) for line in (ROOT / "content/passwords/common.txt").read_text().splitlines()
             if line and not line.startswith("#")]
    assert len(lines) == len({tuple(line) for line in lines}) > 300
    chosen = [line for line in lines if "{" not in line[1]][::40]
    root = tree({"etc/os-release": "ID=x\n", "etc/shadow": "".join(
        f"x{number}:{hashed(word, '-1')}:1::::::\n" for number, (_, word) in enumerate(chosen))})
    rows = {row["username"]: row["kind"] for row in sql("SELECT * FROM weak_passwords", root)}
    assert rows == {f"x{number}": kind for number, (kind, _) in enumerate(chosen)}
