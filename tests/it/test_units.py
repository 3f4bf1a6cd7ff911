# SPDX-License-Identifier: MulanPSL-2.0
"""units and timers against systemctl and systemd-analyze, which read unit files without a running systemd too."""
import json
import re

from harness import ROOT, Skip, need_tool, run, sql, steadily


def compare(root):
    """Every unit file and its state, as systemctl reads them below this root."""
    done = run([need_tool("systemctl"), f"--root={root}", "list-unit-files", "--no-pager", "--no-legend", "--full"])
    if done.returncode:
        raise Skip("systemctl --root does not work here: " + done.stderr)
    truth = dict(line.split()[:2] for line in done.stdout.splitlines())
    rows = sql("SELECT name, enabled FROM units WHERE type <> 'sysv' AND path IS NOT NULL",
               None if root == "/" else root)
    ours = {row["name"]: row["enabled"] for row in rows}
    # Instances that are wanted are rows of ours only: they have no file of their own.
    extra = {name for name in ours if name not in truth}
    assert all(re.search(r"@[^.]+\.", name) for name in extra), extra
    assert {name: state for name, state in ours.items() if name not in extra} == truth
    return truth


def test_states_of_this_machine():
    compare("/")


def test_states_of_the_fixture():
    assert len(set(compare(ROOT / "tests/tables/units/root").values())) >= 8


def test_drop_ins_have_the_effect_that_systemd_gives_them():
    root = ROOT / "tests/tables/units/root"
    done = run([need_tool("systemd-analyze"), "security", "--offline=true", f"--root={root}", "--json=short",
                "--no-pager", "web.service"])
    if done.returncode:
        raise Skip("systemd-analyze security --offline does not work here")
    truth = {entry["name"]: entry["set"] for entry in json.loads(done.stdout)}
    row = sql("SELECT user, sandbox FROM units WHERE name = 'web.service'", root)[0]
    sandbox = dict(word.split("=", 1) for word in row["sandbox"].replace("; ", ";").split())
    assert truth["User=/DynamicUser="] == (row["user"] not in (None, "root"))
    for name, unset in (("ProtectSystem=", None), ("PrivateTmp=", "no"), ("RestrictRealtime=", "no"),
                        ("NoNewPrivileges=", "no")):
        assert bool(truth[name]) == (sandbox.get(name[:-1], unset) not in (None, "no")), name
    assert truth["UMask="] and sandbox["UMask"] == "0077"


@steadily
def test_active_states():
    done = run([need_tool("systemctl"), "list-units", "--all", "--no-pager", "--no-legend", "--plain", "--full"])
    if done.returncode or not done.stdout:
        raise Skip("systemd does not run here")
    truth = {line.split()[0]: line.split()[1:4] for line in done.stdout.splitlines()}
    rows = {row["name"]: [row["load"], row["active"], row["sub"]]
            for row in sql("SELECT name, load, active, sub FROM units WHERE active IS NOT NULL AND alias_of IS NULL")}
    after = run(["systemctl", "list-units", "--all", "--no-pager", "--no-legend", "--plain", "--full"]).stdout
    steady = {name: state for name, state in truth.items() if " ".join(state) in " ".join(after.split())}
    for name, state in steady.items():
        if state[0] != "not-found" and not name.endswith(".device"):
            assert rows[name] == state, name


def test_timers():
    done = run([need_tool("systemctl"), "--root=/", "list-unit-files", "--type=timer", "--no-pager", "--no-legend", "--full"])
    truth = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines() if line.split()[1] != "alias"}
    ours = {row["name"]: row["enabled"] for row in sql("SELECT name, enabled FROM timers") if not re.search("@[^.]", row["name"])}
    assert ours == truth
