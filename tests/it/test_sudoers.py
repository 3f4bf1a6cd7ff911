# SPDX-License-Identifier: MulanPSL-2.0
"""sudoers against `cvtsudoers -e -f json`, which is sudo's own parser (its JSON is broken where CWD= stands)."""
import json

from harness import need_root, need_tool, run, sql, tree

CASES = [
    "root ALL=(ALL:ALL) ALL",
    "%sudo ALL=(ALL) NOPASSWD:ALL",
    "a ALL=NOPASSWD: /bin/a, /bin/b, PASSWD: /bin/c, SETENV: /bin/d",
    "a ALL=(x) /bin/a, (y:z) /bin/b, /bin/c : h=/bin/d",
    "User_Alias U = a, %b : V = !c, U\nV ALL=ALL",
    "User_Alias U = a, b\nALL, !U ALL=ALL",
    "Cmnd_Alias C = /bin/a x y, !/bin/b : D = C, /bin/c\nu ALL = D, !C",
    "Host_Alias H = h1, h2, 10.0.0.0/8\nu H, !h3 = ALL",
    "Runas_Alias R = r, s\nu ALL = (R : g, R) ALL",
    "#1000, %#20 ALL=ALL # comment",
    '"some one" ALL=ALL',
    "u ALL=/bin/a, /bin/c \\\n  d   e, /bin/f *",
    "u ALL = (:g) /bin/x",
    "u ALL = () /bin/x",
    'u ALL=/bin/x ""',
    "u ALL=sudoedit /etc/motd, NOEXEC: /usr/bin/vi",
    "u ALL=sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ== /bin/ls, /bin/id",
    "u ALL=(ALL) LOG_INPUT: NOLOG_OUTPUT: MAIL: ALL",
    "+net ALL=ALL\nu\tALL\t=\tALL\r\n",
    "Defaults env_reset\nDefaults:u !requiretty\nu ALL=ALL",
]
TAGS = {"authenticate": ("PASSWD", "NOPASSWD"), "noexec": ("NOEXEC", "EXEC"), "setenv": ("SETENV", "NOSETENV"),
        "log_input": ("LOG_INPUT", "NOLOG_INPUT"), "log_output": ("LOG_OUTPUT", "NOLOG_OUTPUT"),
        "send_mail": ("MAIL", "NOMAIL"), "follow": ("FOLLOW", "NOFOLLOW")}


def name(item):
    sign = "!" if item.get("negated") else ""
    for key, mark in (("username", ""), ("usergroup", "%"), ("userid", "#"), ("usergid", "%#"), ("netgroup", "+"),
                      ("hostname", ""), ("networkaddr", ""), ("command", ""), ("useralias", ""), ("cmndalias", "")):
        if key in item:
            return f"{sign}{mark}{item[key]}"
    raise AssertionError(item)


def group(item):
    return name(item).replace("%", "")


def rules_of_sudo(path):
    done = run([need_tool("cvtsudoers"), "-e", "-f", "json", path])
    assert done.returncode == 0, done.stderr
    found = set()
    for spec in json.loads(done.stdout).get("User_Specs", []):
        for commands in spec["Cmnd_Specs"]:
            runas = None
            if "runasusers" in commands or "runasgroups" in commands:
                runas = ",".join(name(user) for user in commands.get("runasusers", []))
                groups = ",".join(group(each) for each in commands.get("runasgroups", []))
                runas += ":" + groups if groups else ""
            tags = {TAGS[key][0 if value else 1] for option in commands.get("Options", [])
                    for key, value in option.items() if key in TAGS}
            for command in commands["Commands"]:
                for user in spec["User_List"]:
                    implied = {"SETENV"} if command.get("command") == "ALL" else set()
                    found.add((name(user), ",".join(name(host) for host in spec["Host_List"]), runas or None,
                               name(command), ",".join(sorted(tags - implied))))
    return found


def rules_of_ward(root):
    return {(row["who"], row["host"], row["runas"] or None, row["command"],
             ",".join(sorted(tag for tag in row["tags"].split(",") if tag and "=" not in tag and
                             not (tag == "SETENV" and row["command"] == "ALL"))))
            for row in sql("SELECT * FROM sudoers WHERE kind = 'user_spec'", root)}


def test_rules_are_those_of_cvtsudoers():
    for case in CASES:
        root = tree({"etc/os-release": "ID=x\n", "etc/sudoers": case + "\n"})
        truth, found = rules_of_sudo(root / "etc/sudoers"), rules_of_ward(root)
        assert truth and truth == found, f"{case!r}\nsudo {sorted(truth, key=str)}\nward {sorted(found, key=str)}"
        status = sql("SELECT status FROM (SELECT count(*) FROM sudoers) CROSS JOIN coverage", root)
        assert status == [{"status": "complete"}], case


def test_rules_of_this_machine():
    need_root()
    assert rules_of_sudo("/etc/sudoers") == rules_of_ward(None)


def test_what_visudo_refuses_is_not_understood():
    for case in ("u ALL", "u ALL=", "u ALL=(x ALL", "User_Alias = a", "Defaults =1", "u ALL=ALL,", "u ALL=ALL extra x"):
        root = tree({"etc/os-release": "ID=x\n", "etc/sudoers": case + "\n"})
        refused = run([need_tool("visudo"), "-c", "-q", "-f", root / "etc/sudoers"]).returncode != 0
        status = sql("SELECT status FROM (SELECT count(*) FROM sudoers) CROSS JOIN coverage", root)
        assert status == [{"status": "partial" if refused else "complete"}], case
