# SPDX-License-Identifier: MulanPSL-2.0
"""Tables about accounts against getent, id, chage and what useradd's family writes."""
from harness import need_root, need_tool, run, sql


def lines(*args):
    done = run(args)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_users_are_those_of_getent():
    truth = [line.split(":") for line in lines(need_tool("getent"), "-s", "files", "passwd")]
    rows = sql("SELECT username, uid, gid, description, directory, shell FROM users")
    assert [[str(value) for value in row.values()] for row in rows] == [[t[0], *t[2:]] for t in truth]


def test_groups_are_those_of_getent():
    truth = [line.split(":") for line in lines(need_tool("getent"), "-s", "files", "group")]
    rows = sql("SELECT groupname, gid FROM groups")
    assert [[row["groupname"], str(row["gid"])] for row in rows] == [[t[0], t[2]] for t in truth]
    members = sql("SELECT groupname, username FROM group_members WHERE NOT is_primary")
    assert [(row["groupname"], row["username"]) for row in members] == \
        [(t[0], name) for t in truth for name in t[3].split(",") if name]


def test_group_members_are_those_of_id():
    found = {}
    for row in sql("SELECT username, gid FROM group_members"):
        found.setdefault(row["username"], set()).add(str(row["gid"]))
    users = [row["username"] for row in sql("SELECT username FROM users")]
    for user in users[:12] + users[-12:]:
        assert found.get(user, set()) >= set(lines(need_tool("id"), "-G", user)[0].split()) & \
            {line.split(":")[2] for line in lines("getent", "-s", "files", "group")}, user


def test_shadow_is_that_of_chage():
    need_root()
    rows = sql("SELECT * FROM shadow")
    assert rows
    for row in rows:
        told = dict(line.split("\t:") if "\t:" in line else line.rsplit(":", 1)
                    for line in lines(need_tool("chage"), "-i", "-l", row["username"]))
        told = {key.strip(): value.strip() for key, value in told.items()}
        for words, column in (("Minimum number of days between password change", "min"),
                              ("Maximum number of days between password change", "max"),
                              ("Number of days of warning before password expires", "warning")):
            want = int(told[words])
            assert row[column] == (None if want < 0 else want), (row["username"], column)
        if row["expire"] is None:
            assert told["Account expires"] == "never"
    status = {"L": {"locked", "not_set"}, "P": {"active"}, "NP": {"empty"}}
    for line in lines(need_tool("passwd"), "-S", "-a"):
        name, letter = line.split()[:2]
        found = [row["password_status"] for row in rows if row["username"] == name]
        assert found and found[0] in status[letter], line


def test_no_hash_is_shown():
    root_hash = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC"
    from harness import tree  # noqa: PLC0415
    root = tree({"etc/os-release": "ID=x\n", "etc/shadow": f"a:{root_hash}:1:::::\n",
                 "etc/passwd": f"a:{root_hash}:0:0:::\n"})
    told = str(sql("SELECT * FROM shadow", root)) + str(sql("SELECT * FROM users", root))
    assert "yescrypt" in told and "tnSYvahC" not in told and "F5Jx5" not in told
