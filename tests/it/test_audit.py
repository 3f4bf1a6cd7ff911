# SPDX-License-Identifier: MulanPSL-2.0
"""The tables of the audit system against auditctl."""
import json

from harness import WARD, Skip, for_others, need_root, need_tool, run, sql


def status():
    done = run([need_tool("auditctl"), "-s"])
    if done.returncode != 0:
        raise Skip("auditctl cannot ask this kernel")
    return {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()}


def test_status_is_that_of_auditctl():
    need_root()
    truth = status()
    row = sql("SELECT * FROM audit_status")[0]
    for key in ("enabled", "failure", "rate_limit", "backlog_limit", "backlog_wait_time"):
        assert str(row[key]) == truth[key], key
    assert str(row["pid"] or 0) == truth["pid"]
    assert row["immutable"] == (truth["enabled"] == "2")


def test_running_rules_are_those_of_auditctl():
    need_root()
    status()
    truth = [line for line in run([need_tool("auditctl"), "-l"]).stdout.splitlines() if line.startswith("-")]
    assert len(sql("SELECT rule FROM audit_rules WHERE src = 'running'")) == len(truth)
    watches = {line.split(" -k ")[0] for line in truth if line.startswith("-w ")}
    mine = {row["rule"].split(" -k ")[0] for row in sql("SELECT rule FROM audit_rules WHERE src = 'running' AND kind = 'watch'")}
    assert {watch.replace("/ -p", " -p") for watch in watches} == mine


def test_not_permitted_is_said():
    need_root()
    nobody = [need_tool("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
              "--inh-caps=-all", for_others(WARD), "sql", "--format", "json"]
    for table in ("audit_status", "audit_rules"):
        done = run(nobody + [f"SELECT * FROM {table}"])
        assert table in done.stderr and "netlink: audit" in done.stderr, done.stderr
        assert json.loads(done.stdout) == [], done.stdout
