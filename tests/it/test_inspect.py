# SPDX-License-Identifier: MulanPSL-2.0
"""ward inspect as its users and their programs see it."""
import csv
import hashlib
import html.parser
import io
import json
import os
import re
import xml.etree.ElementTree

from harness import NOBODY, ROOT, WARD, WARD_RELEASE, File, for_others, need_root, need_tool, run, temporary, tree, ward

BAD_HOST = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "etc/hostname": "his01\n",
    "etc/passwd": "root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/bin/bash\n",
}
GOOD_HOST = BAD_HOST | {"etc/passwd": "root:x:0:0::/root:/bin/bash\nli:x:1000:1000::/home/li:/bin/bash\n"}
ONE = ["--only", "accounts-uid-unique"]
TEXT = "{zh-CN: 一, vi: mot, en: one}"
CHECK = f"""- id: own-check
  severity: low
  title: {TEXT}
  why: {TEXT}
  remedy: {TEXT}
  clauses: [GB/T 22239-2019 8.1.4.1 a]
  violations: SELECT username FROM users WHERE uid = 0
"""


def inspect(*args, **kw):
    done = ward("inspect", "--format", "json", *args, **kw)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def test_json_has_the_documented_shape():
    status, result, _ = inspect("--root", tree(BAD_HOST))
    assert status == 1
    for key in ("ward", "host", "profile", "regime", "started", "duration_ms", "summary", "verdicts", "coverage"):
        assert key in result, key
    assert result["host"] == "his01"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", result["started"])
    counts = {"pass": 0, "fail": 0, "unknown": 0, "not_applicable": 0}
    for verdict in result["verdicts"]:
        assert set(verdict) >= {"id", "title", "severity", "verdict", "reason", "clauses", "tables", "evidence",
                                "evidence_sha256", "ms"}, verdict["id"]
        counts[verdict["verdict"].replace("-", "_")] += 1
        assert (verdict["verdict"] == "fail") == bool(verdict["evidence"]), verdict
        if verdict["verdict"] in ("unknown", "not-applicable"):
            assert verdict["reason"], verdict["id"]
    assert counts == result["summary"]
    for row in result["coverage"]:
        assert set(row) >= {"table", "status", "reason", "rows", "ms"}
        assert (row["status"] == "complete") == (row["reason"] == ""), row
    tables = {row["table"] for row in result["coverage"]}
    for verdict in result["verdicts"]:
        if verdict["verdict"] in ("pass", "fail"):
            assert set(verdict["tables"]) <= tables | {"param", "coverage"}, verdict["id"]


def test_digest_is_of_the_evidence_as_printed():
    done = ward("inspect", "--format", "json", "--root", tree(BAD_HOST), *ONE)
    printed = re.search(r'"evidence":(\[.*?\]),"evidence_count"', done.stdout).group(1)
    stated = json.loads(done.stdout)["verdicts"][0]["evidence_sha256"]
    assert hashlib.sha256(printed.encode()).hexdigest() == stated
    assert json.loads(printed)


def test_exit_statuses():
    assert ward("inspect", "--root", tree(BAD_HOST), *ONE).returncode == 1
    assert ward("inspect", "--root", tree(GOOD_HOST), *ONE).returncode == 0
    for bad in (["--profile", "castle"], ["--regime", "x"], ["--only", "no-such-check"], ["--root", "/none/such"],
                ["--against", "/none/such"], ["--nonsense"], ["--format", "pdf"]):
        done = ward("inspect", *bad)
        assert done.returncode == 2 and done.stderr.strip() and not done.stdout, bad


def test_csv_and_junit_can_be_read():
    root = tree(BAD_HOST)
    rows = list(csv.DictReader(io.StringIO(ward("inspect", "--root", root, "-f", "csv").stdout.lstrip("\ufeff"))))
    _, result, _ = inspect("--root", root)
    assert [row["id"] for row in rows] == [verdict["id"] for verdict in result["verdicts"]]
    assert [row["verdict"] for row in rows] == [verdict["verdict"] for verdict in result["verdicts"]]
    suite = xml.etree.ElementTree.fromstring(ward("inspect", "--root", root, "-f", "junit").stdout).find("testsuite")
    assert int(suite.get("tests")) == len(suite.findall("testcase")) == len(rows)
    assert int(suite.get("failures")) == len(suite.findall(".//failure")) == result["summary"]["fail"]


def test_drift_against_a_kept_inspection():
    root, kept = tree(BAD_HOST), temporary() / "kept.json"
    assert ward("inspect", "--root", root, *ONE, "--save", kept).returncode == 1
    assert os.stat(kept).st_mode & 0o777 == 0o600
    (root / "etc/passwd").write_text(GOOD_HOST["etc/passwd"])
    _, result, _ = inspect("--root", root, *ONE, "--against", kept)
    assert [(c["kind"], c["before"], c["now"]) for c in result["drift"]["changes"]] == [("fixed", "fail", "pass")]
    ward("inspect", "--root", root, *ONE, "--save", kept)
    (root / "etc/passwd").write_text(BAD_HOST["etc/passwd"])
    _, result, _ = inspect("--root", root, *ONE, "--against", kept)
    assert [c["kind"] for c in result["drift"]["changes"]] == ["new"]
    ward("inspect", "--root", root, *ONE, "--save", kept)
    (root / "etc/passwd").write_text(BAD_HOST["etc/passwd"] + "tong:x:0:0::/:/bin/sh\n")
    _, result, _ = inspect("--root", root, *ONE, "--against", kept)
    assert [c["kind"] for c in result["drift"]["changes"]] == ["changed"]
    kept.write_text('{"verdicts": 3}')
    done = ward("inspect", "--root", root, "--against", kept)
    assert done.returncode == 2 and "not an inspection" in done.stderr
    kept.write_text('{"ward": ')
    assert ward("inspect", "--root", root, "--against", kept).returncode == 2


def test_empty_root_passes_nothing():
    for deep in ([], ["--deep"]):
        status, result, _ = inspect("--root", temporary(), *deep)
        assert result["summary"]["pass"] == 0 and result["summary"]["fail"] == 0, result["summary"]
        assert status == 2


def content(files):
    folder = temporary()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_bad_content_is_named_and_the_rest_goes_on():
    root = tree(GOOD_HOST)
    for text, said in (
        (CHECK.replace("severity", "sevrity"), r"checks/own\.yaml:2:3: unknown key 'sevrity', did you mean 'severity'\?"),
        (CHECK.replace("severity: low", "severity: grave"), r"checks/own\.yaml:2:\d+: .*grave"),
        (CHECK + "   - x: [", r"checks/own\.yaml:\d+:\d+: "),
        (CHECK.replace("vi: mot, ", ""), r"checks/own\.yaml:\d+:\d+: .*vi"),
        (CHECK + CHECK, r"checks/own\.yaml:8:\d+: .*declared already at .*checks/own\.yaml:1"),
        ("\0\1\2", r"checks/own\.yaml:"),
    ):
        folder = content({"checks/own.yaml": text})
        status, result, stderr = inspect("--root", root, "--content", folder, *ONE)
        assert re.search(said, stderr), (said, stderr)
        assert status == 2 and [v["verdict"] for v in result["verdicts"]] == ["pass"]
        lint = ward("check", "lint", "--content", folder)
        assert lint.returncode == 1 and re.search(said, lint.stdout), lint.stdout


def test_a_broken_file_of_thresholds_leaves_the_other_checks():
    folder = content({"checks/passwords.yaml": "- id: x\n  sevrity: low\n"})
    status, result, stderr = inspect("--root", tree(GOOD_HOST), "--content", folder, *ONE)
    assert status == 2 and "did you mean" in stderr and "threshold" not in stderr
    assert [v["verdict"] for v in result["verdicts"]] == ["pass"]


def test_wrong_sql_makes_one_unknown():
    folder = content({"checks/own.yaml": CHECK.replace("FROM users", "FROM nobody")})
    status, result, _ = inspect("--root", tree(BAD_HOST), "--content", folder, "--only", "own-check", *ONE)
    verdicts = {v["id"]: v for v in result["verdicts"]}
    assert status == 1 and verdicts["accounts-uid-unique"]["verdict"] == "fail"
    assert verdicts["own-check"]["verdict"] == "unknown"
    assert re.search(r"checks/own\.yaml:\d+:\d+: .*nobody", verdicts["own-check"]["reason"])
    lint = ward("check", "lint", "--content", folder)
    assert lint.returncode == 1 and "nobody" in lint.stdout
    for sql in ("DELETE FROM users", "SELECT 1; SELECT 2", "ATTACH ':memory:' AS x"):
        folder = content({"checks/own.yaml": CHECK.replace("SELECT username FROM users WHERE uid = 0", sql)})
        _, result, _ = inspect("--root", tree(BAD_HOST), "--content", folder, "--only", "own-check")
        assert result["verdicts"][0]["verdict"] == "unknown", sql


def test_three_languages():
    root = tree(BAD_HOST)
    english = ward("inspect", "--root", root, "--lang", "en", *ONE).stdout
    chinese = ward("inspect", "--root", root, "--lang", "zh-CN", *ONE).stdout
    vietnamese = ward("inspect", "--root", root, "--lang", "vi", *ONE).stdout
    cjk = re.compile("[\u4e00-\u9fff]")
    assert "Why: " in english and not cjk.search(english)
    assert "怎么改" in chinese and "Repair" not in chinese and "Why" not in chinese
    assert "Cách khắc phục" in vietnamese and not cjk.search(vietnamese) and "Repair" not in vietnamese
    by_environment = ward("inspect", "--root", root, *ONE, env={"LC_ALL": "zh_CN.UTF-8"}).stdout
    took = re.compile(r"\(\d+ ms\)")
    assert took.sub("", by_environment) == took.sub("", chinese)


class Page(html.parser.HTMLParser):
    """Every tag that must be closed is, and nothing outside is referred to."""
    VOID = {"meta", "br", "rect", "link", "img"}

    def __init__(self):
        super().__init__()
        self.open, self.words = [], []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            assert name not in ("src", "href", "onclick"), (tag, name, value)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_report_stands_alone():
    hostile = BAD_HOST | {"etc/passwd": BAD_HOST["etc/passwd"] + "<script>alert(1)</script>:x:0:0::/:/bin/sh\n"}
    report = temporary() / "report.html"
    for lang, title in (("en", "Security self-inspection report"), ("zh-CN", "网络安全自查报告"),
                        ("vi", "Báo cáo tự kiểm tra an toàn thông tin")):
        ward("inspect", "--root", tree(hostile), "--lang", lang, "--report", report)
        text = report.read_text()
        assert f'<html lang="{lang}">' in text and title in text
        assert "<script" not in text and "http:" not in text and "https:" not in text and "url(" not in text
        assert "his01" in text
        page = Page()
        page.feed(text)
        assert page.open == []
    assert ward("inspect", "--root", tree(BAD_HOST), "--report", "/none/such/report.html").returncode == 2


def test_nothing_is_changed_or_started():
    """No process, no file opened for writing, on the running system."""
    strace = need_tool("strace")
    trace = temporary() / "trace"
    done = run([strace, "-f", "-qq", "-o", trace, "-e", "trace=process,file,desc", WARD_RELEASE, "inspect", "-f", "json"])
    assert done.returncode in (0, 1), done.stderr
    calls = trace.read_text(errors="replace")
    started = re.findall(r"^\d+ +(?:fork|vfork|execve\w*|clone3?)\(.*", calls, re.M)
    threads = [call for call in started if "CLONE_THREAD" in call]
    assert len(started) - len(threads) == 1, started[:5]  # its own execve
    for call in re.findall(r"(?:open|openat|openat2|creat)\(.*", calls):
        assert not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", call), call
    assert not re.search(r"\b(?:unlink|rename|mkdir|rmdir|chmod|chown|link|symlink|truncate|mknod|utime)\w*\(", calls)


def test_without_privileges_nothing_more_passes():
    need_root()
    _, all_seen, _ = inspect()
    done = run([for_others(WARD_RELEASE), "inspect", "-f", "json"], **NOBODY)
    some_seen = {v["id"]: v["verdict"] for v in json.loads(done.stdout)["verdicts"]}
    lies = [v["id"] for v in all_seen["verdicts"] if some_seen[v["id"]] == "pass" and v["verdict"] == "fail"]
    assert not lies, lies
    false_alarms = [v["id"] for v in all_seen["verdicts"] if some_seen[v["id"]] == "fail" and v["verdict"] == "pass"]
    assert not false_alarms, false_alarms


def test_hostile_host_files():
    garbage = bytes(range(256)) * 300
    root = tree(BAD_HOST | {
        "etc/shadow": garbage, "etc/group": File(None), "etc/sudoers": garbage, "etc/ssh/sshd_config": garbage,
        "etc/pam.d/common-auth": garbage, "etc/fstab": garbage, "etc/login.defs": File(None),
        "proc/1/stat": "1 (a) b\nc) S 0 1 1 0 -1 4194560", "proc/1/status": garbage, "proc/net/tcp": garbage,
        "proc/net/arp": garbage, "proc/self/mountinfo": garbage, "proc/modules": garbage,
        "var/lib/dpkg/status": garbage, "etc/crontab": garbage, "etc/nginx/nginx.conf": garbage,
    })
    with open(root / "etc/sysctl.conf", "wb") as big:
        big.truncate(2 * 1024 ** 3)
    status, result, stderr = inspect("--root", root)
    assert status == 1, stderr
    rows = {row["table"]: row for row in result["coverage"]}
    assert rows["groups"]["status"] != "complete" if "groups" in rows else True
    assert any(row["status"] != "complete" and row["reason"] for row in result["coverage"])
    for number in range(40):
        (root / f"etc/loop{number}").symlink_to(f"loop{(number + 1) % 40}")
    (root / "etc/shadow").unlink()
    (root / "etc/shadow").symlink_to("loop0")
    status, result, _ = inspect("--root", root)
    assert status == 1


def test_binary_is_there():
    assert os.access(WARD, os.X_OK) and os.access(WARD_RELEASE, os.X_OK) and ROOT.is_dir()
