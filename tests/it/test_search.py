# SPDX-License-Identifier: MulanPSL-2.0
"""ward search: what it finds is what grep and a look at each record find; how it prints; what it cannot do, it says."""
import collections
import csv
import io
import json
import re
import subprocess

from harness import ROOT, run, temporary, ward

MAKE_ARCHIVE = ROOT / "build-asan" / "tests" / "make_archive"


def archive_of(lines, parser="json", host="his01", block=4000, folder=None):
    folder = folder or temporary() / "archive"
    text = b"".join(line.encode("utf-8", "surrogateescape") + b"\n" for line in lines)
    done = run([MAKE_ARCHIVE, folder, parser, host, block], input=text, text=False)
    assert done.returncode == 0, done.stderr
    return folder


def event(number):
    return {"@timestamp": f"2026-11-{1 + number // 100:02}T{number % 24:02}:00:00.5Z", "number": number,
            "user": ["root", "Admin01", "alice"][number % 3], "src": f"10.{number % 3}.0.{number % 250}",
            "message": ["登录失败", "login ok", "导出 数据"][number % 3], "path": f"C:\\Windows\\tool{number % 7}.exe"}


EVENTS = [event(number) for number in range(1000)]
_made = []


def events_archive():
    """Half of the lines as Chinese, half with \\u escapes: the same events."""
    lines = [json.dumps(entry, ensure_ascii=entry["number"] % 2 == 0) for entry in EVENTS]
    return archive_of(lines)


def numbers(folder, *query):
    done = ward("search", "-a", folder, "-f", "json", *query)
    assert done.returncode in (0, 1), done.stderr
    return sorted(json.loads(line)["fields"]["number"] for line in done.stdout.splitlines())


def test_searches_agree_with_python():
    folder = events_archive()
    cases = {
        "": lambda e: True,
        "登录失败": lambda e: e["message"] == "登录失败",
        "失败": lambda e: e["message"] == "登录失败",
        "user:root NOT src:10.0.0.0/16": lambda e: e["user"] == "root" and not e["src"].startswith("10.0."),
        "user:admin*": lambda e: e["user"] == "Admin01",
        '"C:\\Windows\\tool3.exe"': lambda e: e["path"].endswith("tool3.exe"),
        "path:*tool?.EXE number:[10 TO 19]": lambda e: 10 <= e["number"] <= 19,
        "number:>=990 OR number:5": lambda e: e["number"] >= 990 or e["number"] == 5,
        "(user:alice OR login) path:/tool[12]\\./": lambda e: e["user"] != "root" and re.search(r"tool[12]\.", e["path"]),
        "host:his01 NOT user:(root OR alice)": lambda e: e["user"] == "Admin01",
        "time:2026-11-03": lambda e: 200 <= e["number"] < 300,
        "time:[2026-11-03 TO \"2026-11-04 03:00\"]": lambda e: "2026-11-03" <= e["@timestamp"] < "2026-11-04T03:01",
        "nothing_like_this": lambda e: False,
    }
    for query, means in cases.items():
        assert numbers(folder, query) == [e["number"] for e in EVENTS if means(e)], query


def test_times_order_and_limit():
    folder = events_archive()
    done = ward("search", "-a", folder, "-f", "json", "-n", "5", "--until", "2026-11-05")
    times = [json.loads(line)["time"] for line in done.stdout.splitlines()]
    assert times == sorted((e["@timestamp"] for e in EVENTS if e["@timestamp"] < "2026-11-06"), reverse=True)[:5]
    assert "only the first 5 are shown" in done.stderr
    done = ward("search", "-a", folder, "-f", "json", "-r", "--since", "2026-11-05 10:00", "--until", "2026-11-05 10:59")
    assert {json.loads(line)["time"] for line in done.stdout.splitlines()} == {"2026-11-05T10:00:00.5Z"}
    shanghai = ward("search", "-a", folder, "-n", "1", "-F", "time,number", env={"TZ": "Asia/Shanghai"})
    assert shanghai.stdout.splitlines()[2].startswith("2026-11-11 07:00:00.500"), shanghai.stdout


def test_raw_text_comes_back_as_it_was():
    lines = ["plain one", "  two\ttabs  ", "bytes \udcff\udcfe", "x" * 70000]
    folder = archive_of(lines, "plain")
    done = run([ROOT / "build-asan" / "ward", "search", "-a", folder, "-f", "raw", "-r"], text=False)
    assert sorted(done.stdout.splitlines()) == sorted(line.encode("utf-8", "surrogateescape") for line in lines)


def test_formats():
    folder = events_archive()
    rows = list(csv.DictReader(io.StringIO(ward("search", "-a", folder, "-f", "csv", "-F", "number,user,message,nothing", "number:<3", "-r").stdout)))
    assert rows == [{"number": str(n), "user": event(n)["user"], "message": event(n)["message"], "nothing": ""} for n in range(3)]
    one = json.loads(ward("search", "-a", folder, "-f", "json", "number:7").stdout)
    assert one["fields"] == EVENTS[7] and json.loads(one["raw"]) == EVENTS[7]
    assert (one["host"], one["source"], one["parser"], one["time"]) == ("his01", "file", "json", "2026-11-01T07:00:00.5Z")
    only = json.loads(ward("search", "-a", folder, "-f", "json", "-F", "user,none", "number:7").stdout)
    assert only == {"user": "Admin01", "none": None}


def test_counts_groups_and_steps():
    folder = events_archive()
    assert ward("search", "-a", folder, "--count", "user:root").stdout == "334\n"
    rows = [json.loads(line) for line in ward("search", "-a", folder, "--by", "user", "-f", "json").stdout.splitlines()]
    assert [(row["user"], row["count"]) for row in rows] == [("root", 334), ("Admin01", 333), ("alice", 333)]
    rows = [json.loads(line) for line in ward("search", "-a", folder, "--by", "user,host,none", "--every", "1d", "-f", "json",
                                              "--top", "1").stdout.splitlines()]
    assert len(rows) == 10 and rows[0] == {"time": "2026-11-01T00:00:00Z", "user": "root", "host": "his01", "none": None, "count": 34}
    chart = ward("search", "-a", folder, "--every", "1d", "time:<2026-11-04 OR time:2026-11-06").stdout.splitlines()
    assert [line.split()[:2] for line in chart] == [["2026-11-01", "100"], ["2026-11-02", "100"], ["2026-11-03", "100"],
                                                    ["2026-11-04", "0"], ["2026-11-05", "0"], ["2026-11-06", "100"]]
    steps = collections.Counter(json.loads(line)["time"] for line in
                                ward("search", "-a", folder, "--every", "6h", "-f", "json", env={"TZ": "Asia/Shanghai"}).stdout.splitlines())
    assert all(re.search(r"T(04|10|16|22):00:00Z", step) for step in steps)  # local midnight is 16:00 UTC


def test_exit_status_and_mistakes():
    folder = events_archive()
    assert ward("search", "-a", folder, "user:root").returncode == 0
    assert ward("search", "-a", folder, "user:nobody").returncode == 1
    for words, said in [(["-a", "/nonexistent"], "there is no archive"), (["-a", folder, "a AND"], "character 6"),
                        (["-a", folder, "--since", "soon"], "--since: 'soon' is no time"),
                        (["-a", folder, "--since", "today", "--until", "yesterday"], "later"),
                        (["-a", folder, "/(/"], "the expression /(/"), (["-a", folder, "--top", "3"], "--by")]:
        done = ward("search", *words)
        assert done.returncode == 2 and said in done.stderr, (words, done.stderr)


def test_an_expression_that_takes_too_long_is_given_up():
    folder = archive_of(["a" * 5000 + "b", "short"], "plain")
    done = ward("search", "-a", folder, "/(a+)+(a+)+(a+)+c$/", "--count")
    assert done.returncode in (1, 2) and (done.returncode == 1 or "took too long on 1 record" in done.stderr), done


def test_a_damaged_block_is_said():
    folder = events_archive()
    day = sorted(folder.glob("20*.ward"))[0]
    import sqlite3
    with sqlite3.connect(day) as db:
        db.execute("UPDATE block_data SET data = substr(data, 1, length(data) / 2) WHERE number = 3")
    done = ward("search", "-a", folder, "--count", "NOT nothing")
    assert done.returncode == 2 and "1 block could not be read" in done.stderr and "block 3 of" in done.stderr
    assert 500 < int(done.stdout) < 1000


def test_the_hit_is_marked_on_a_terminal():
    folder = archive_of(["Failed password for root"], "plain")
    done = subprocess.run(["script", "-qec", f"{ROOT}/build-asan/ward search -a {folder} failed", "/dev/null"], capture_output=True,
                          text=True, check=False, env={"TERM": "xterm", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    assert "\033[1;31mFailed\033[0m password" in done.stdout, done.stdout
    assert "\033[" not in ward("search", "-a", folder, "failed").stdout
