# SPDX-License-Identifier: MulanPSL-2.0
"""ward rules: what it says about rules, good and bad, in every language, and about the rules the world shares."""
import json
import re
import subprocess

from harness import ROOT, WARD_RELEASE, Skip, need_shared, need_tool, run, temporary, ward

GOOD = """\
title: Log cleared
id: 929a690e-bef0-4204-a928-ef5e620d6fcc
status: test
logsource: {product: windows, service: security}
detection:
    selection: {EventID: 1102}
    filter_main_backup: {SubjectUserName|startswith: 'svc-backup'}
    condition: selection and not 1 of filter_main_*
level: high
tags: [attack.defense-evasion, attack.t1070.001]
ward:
    title: {zh-CN: 日志被清除, vi: Nhật ký bị xóa, en: Log cleared}
    tests:
        match:
            - {Channel: Security, EventID: 1102, SubjectUserName: admin}
        no_match:
            - {Channel: Security, EventID: 1102, SubjectUserName: SVC-backup01}
            - {Channel: System, EventID: 1102, SubjectUserName: admin}
"""


CORRELATED = """\
title: Failed logon
name: failed
logsource: {product: windows, service: security}
detection: {s: {EventID: 4625}, condition: s}
---
title: Many failed logons
correlation:
    type: event_count
    rules: [failed]
    group-by: [TargetUserName]
    timespan: 1m
    condition: {gte: 3}
ward:
    tests:
        match:
            - EVENTS
        no_match:
            - - {Channel: Security, EventID: 4625, TargetUserName: a}
              - {Channel: Security, EventID: 4625, TargetUserName: a}
              - {Channel: Security, EventID: 4625, TargetUserName: b}
"""


def folder(**files):
    path = temporary()
    for name, text in files.items():
        (path / f"{name}.yml").write_text(text)
    return path


def shared_rules():
    need_tool("zstd")
    archive = need_shared("sigma-rules.tar.zst")
    path = temporary()
    unpacked = subprocess.run(["tar", "--zstd", "-C", path, "-xf", archive], check=False, capture_output=True)
    if unpacked.returncode:
        raise Skip(unpacked.stderr.decode())
    return path


def test_lint_names_the_place():
    path = folder(good=GOOD, bad=GOOD.replace("startswith", "beginswith").replace("929a", "929b"))
    done = ward("rules", "lint", path)
    assert done.returncode == 1
    assert re.search(r"/bad\.yml:7:42: error: there is no modifier 'beginswith'.*\[Log cleared\]$", done.stdout, re.M), done.stdout
    assert "1 rule loaded; 1 error, 0 warnings" in done.stdout
    assert "没有修饰符“beginswith”" in ward("rules", "lint", path, "--lang", "zh-CN").stdout
    assert "không có bổ từ 'beginswith'" in ward("rules", "lint", path, "--lang", "vi").stdout
    found = json.loads(ward("rules", "lint", "--format", "json", path).stdout)
    assert [(f["line"], f["column"], f["kind"], f["rule"]) for f in found] == [(7, 42, "error", "Log cleared")]
    assert ward("rules", "lint", folder(good=GOOD)).returncode == 0
    assert ward("rules", "lint", path / "none").returncode == 2


def test_list_and_its_filters():
    path = folder(good=GOOD, other=GOOD.replace("929a", "929b").replace("level: high", "level: low").replace(
        "product: windows, service: security", "product: linux").replace("t1070.001", "t1059").replace("标", "题"))
    rules = json.loads(ward("rules", "list", "--format", "json", path).stdout)
    assert [(r["level"], r["logsource"], r["examples"]) for r in rules] == [
        ("high", {"product": "windows", "service": "security"}, 3), ("low", {"product": "linux"}, 3)]

    def listed(*options):
        return len(json.loads(ward("rules", "list", "--format", "json", path, *options).stdout))
    assert listed("--level", "medium") == 1
    assert listed("--level", "low") == 2
    assert listed("--logsource", "sec*") == 1
    assert listed("--logsource", "linux") == 1
    assert listed("--tag", "attack.t1070") == 1
    assert listed("--tag", "attack.t10*") == 2
    assert listed("--tag", "attack.t107") == 0
    text = ward("rules", "list", path, "--lang", "zh-CN").stdout
    assert "日志被清除" in text and "windows/security" in text, text


def test_explain_shows_the_tree():
    done = ward("rules", "explain", "--rules", folder(good=GOOD), "929a690e-bef0-4204-a928-ef5e620d6fcc")
    assert done.returncode == 0, done.stderr
    assert "EventID = '1102'" in done.stdout and "SubjectUserName = 'svc-backup*'" in done.stdout, done.stdout
    assert ward("rules", "explain", "--rules", folder(good=GOOD), "nothing").returncode == 2
    assert ward("rules", "explain").returncode == 2
    done = ward("rules", "explain", "--rules", folder(many=CORRELATED), "Many failed logons")
    assert re.search(r"^Condition +>= 3$", done.stdout, re.M) and re.search(r"^Within +1m$", done.stdout, re.M), done.stdout


def test_test_tries_examples():
    done = ward("rules", "test", folder(good=GOOD))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 examples of 1 rule tried, 0 not as expected; 0 rules without examples" in done.stdout
    done = ward("rules", "test", folder(bad=GOOD.replace("EventID: 1102}", "EventID: 1103}", 1)))
    assert done.returncode == 1
    assert re.search(r"bad\.yml:15:15: the rule does not find this example.*\[Log cleared\]", done.stdout), done.stdout
    done = ward("rules", "test", folder(bad=GOOD.replace("svc-backup", "svc-other")))
    assert done.returncode == 1
    assert re.search(r"bad\.yml:17:15: the rule finds this example and should not", done.stdout), done.stdout


def test_lines_are_parsed():
    rule = """\
title: t
logsource: {category: webserver}
detection: {sel: {cs-uri-query|contains: '../'}, condition: sel}
ward:
    format: access
    tests:
        match:
            - '10.0.0.1 - - [03/Nov/2026:08:01:02 +0800] "GET /a?f=../../etc/passwd HTTP/1.1" 200 5 "-" "curl"'
        no_match:
            - '10.0.0.1 - - [03/Nov/2026:08:01:02 +0800] "GET /a?f=x HTTP/1.1" 200 5 "-" "curl"'
"""
    done = ward("rules", "test", folder(web=rule))
    assert done.returncode == 0, done.stdout + done.stderr


def test_shared_rules_load():
    path = shared_rules()
    done = run([WARD_RELEASE, "rules", "lint", "--format", "json", path])
    errors = [problem for problem in json.loads(done.stdout) if problem["kind"] == "error"]
    # What a placeholder stands for is said by a pipeline; without one the specification wants the rule refused.
    assert all("placeholder" in problem["words"] for problem in errors), errors
    listed = run([WARD_RELEASE, "rules", "list", "--format", "json", path])
    assert len(json.loads(listed.stdout)) + len(errors) == 3780
    pipeline = temporary() / "any.yml"
    pipeline.write_text("transformations: [{type: wildcard_placeholders}]\n")
    listed = run([WARD_RELEASE, "rules", "list", "--format", "json", "--pipeline", pipeline, path])
    assert len(json.loads(listed.stdout)) == 3780


def test_hostile_rules():
    deep = "title: t\nlogsource: {product: p}\ndetection:\n  a: " + "[" * 60 + "x" + "]" * 60 + "\n  condition: a\n"
    many = GOOD.replace("{EventID: 1102}", "{F|windash: '" + "-a " * 200 + "'}")
    wide = GOOD.replace("condition: selection", "condition: " + "selection and " * 5000 + "selection")
    path = folder(deep=deep, many=many, wide=wide, empty="", nul="title: \0\n", binary="\x7fELF", dashes="---\n" * 1000)
    done = ward("rules", "lint", path)
    assert done.returncode == 1
    for name in ("many", "wide", "nul", "binary"):
        assert f"/{name}.yml:" in done.stdout, done.stdout
    assert "more than six dashes" in done.stdout and "4096 words" in done.stdout


def test_correlations_try_their_examples():
    event = "{Channel: Security, EventID: 4625, TargetUserName: a}"
    done = ward("rules", "test", folder(many=CORRELATED.replace("EVENTS", f"[{event}, {event}, {event}]")))
    assert done.returncode == 0, done.stdout + done.stderr
    done = ward("rules", "test", folder(many=CORRELATED.replace("EVENTS", f"[{event}, {event}]")))
    assert done.returncode == 1, done.stdout + done.stderr


def test_our_own_rules_find_their_examples():
    """content/rules: nothing to remark, every visible rule with both kinds of examples and texts in three languages."""
    assert ward("rules", "lint").returncode == 0
    done = ward("rules", "test")
    assert done.returncode == 0, done.stdout
    texts = "".join(path.read_text() for path in sorted((ROOT / "content" / "rules").glob("*.yml")))
    rules = [rule for rule in texts.split("\ntitle: ")[1:] if "level: informational" not in rule]
    assert len(rules) >= 60
    for rule in rules:
        name = rule.splitlines()[0]
        for needed in ("        match:\n", "        no_match:\n", "zh-CN: ", "vi: ", "en: ", "    - attack."):
            assert needed in rule, f"{name}: {needed.strip()} is missing"


def test_generic_categories_reach_every_source():
    """A rule on process creation is one on Sysmon's event 1 and on Security's 4688, each with its own names."""
    rule = """\
title: t
logsource: {product: windows, category: process_creation}
detection: {sel: {Image|endswith: '\\whoami.exe', ParentImage|endswith: '\\cmd.exe'}, condition: sel}
ward:
    tests:
        match:
            - {Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\\w\\whoami.exe', ParentImage: 'C:\\w\\cmd.exe'}
            - {Channel: Security, EventID: 4688, NewProcessName: 'C:\\w\\whoami.exe', ParentProcessName: 'C:\\w\\cmd.exe'}
        no_match:
            - {Channel: Security, EventID: 4688, Image: 'C:\\w\\whoami.exe', ParentImage: 'C:\\w\\cmd.exe'}
            - {Channel: Microsoft-Windows-Sysmon/Operational, EventID: 5, Image: 'C:\\w\\whoami.exe', ParentImage: 'C:\\w\\cmd.exe'}
            - {Channel: Application, EventID: 1, Image: 'C:\\w\\whoami.exe', ParentImage: 'C:\\w\\cmd.exe'}
"""
    done = ward("rules", "test", folder(generic=rule))
    assert done.returncode == 0, done.stdout + done.stderr


def test_pipelines_change_rules():
    rule = """\
title: t
logsource: {product: windows, service: security}
detection: {sel: {Account|expand: '%admins%', EventID: 4624}, condition: sel}
"""
    path = folder(rule=rule)
    pipeline = temporary() / "names.yml"
    pipeline.write_text("""\
vars: {admins: ['adm_*', root]}
transformations:
    - type: field_name_mapping
      mapping: {Account: TargetUserName}
      rule_conditions: [{type: logsource, product: windows}]
    - {type: add_condition, conditions: {LogonType: 10}}
""")
    assert ward("rules", "lint", path).returncode == 1
    assert ward("rules", "lint", "--pipeline", pipeline, path).returncode == 0
    done = ward("rules", "explain", "--rules", path, "--pipeline", pipeline, "t")
    for part in ("TargetUserName = 'adm_*'", "TargetUserName = 'root'", "LogonType = '10'"):
        assert part in done.stdout, done.stdout
    pipeline.write_text("transformations: [{type: field_name_mapping, maping: {}}]\n")
    done = ward("rules", "lint", "--pipeline", pipeline, path)
    assert done.returncode == 2
    assert "names.yml:1:46: unknown key 'maping', did you mean 'mapping'?" in done.stderr, done.stderr


def test_corners_of_the_specification():
    """The verdicts of tests/fixtures/sigma were derived from Sigma's specification, not from what ward said."""
    rules = ROOT / "tests" / "fixtures" / "sigma"
    assert "; 0 errors" in ward("rules", "lint", rules).stdout
    done = ward("rules", "test", rules)
    examples = re.search(r"(\d+) examples of (\d+) rules tried, 0 not as expected", done.stdout)
    assert done.returncode == 0 and examples and int(examples[1]) >= 150 and int(examples[2]) >= 45, done.stdout
