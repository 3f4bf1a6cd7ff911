# SPDX-License-Identifier: MulanPSL-2.0
"""ward collect: everything that was written is kept once, whichever process dies; findings, rules that change, full disks."""
import json
import os
import random
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

from collector import ROLES, Collector, deliver, free_port
from harness import PATIENCE, WARD, Skip, need_root, need_tool, run, temporary, ward

FILES = """  - name: logs
    files: {paths: ["{dir}/logs/*.log"], format: plain}
"""


def logs_of(collector):
    folder = collector.dir / "logs"
    folder.mkdir(exist_ok=True)
    return folder


def write(path, first, count):
    with open(path, "a") as log:
        log.writelines(f"message number {i:08d} {'x' * (i % 97)}\n" for i in range(first, first + count))


def numbers(collector):
    return [int(re.search(r"number (\d+)", line)[1]) for line in collector.kept()]


def kept(collector, count):
    return lambda: collector.status()["archive"]["events"] >= count


def test_kept_once_over_a_restart():
    collector = Collector(FILES)
    logs = logs_of(collector)
    write(logs / "a.log", 0, 1000)
    with collector:
        collector.wait(kept(collector, 1000), "the first thousand")
        write(logs / "a.log", 1000, 500)
        os.rename(logs / "a.log", logs / "old.log")
        write(logs / "a.log", 1500, 500)
        collector.wait(kept(collector, 2000), "what came later")
        collector.stop()
    write(logs / "a.log", 2000, 100)
    with collector:
        collector.wait(kept(collector, 100), "what came meanwhile")
        collector.stop()
    assert sorted(numbers(collector)) == list(range(2100))


def test_nothing_lost_when_processes_die():
    """The long run of this is tests/soak."""
    random.seed(20261123)
    collector = Collector(FILES)
    logs = logs_of(collector)
    total = 0
    with collector:
        for role in ("writer", "reader", "keeper", "supervisor", "writer", "monitor", "reader"):
            write(logs / "a.log", total, 3000)
            total += 3000
            time.sleep(random.uniform(0, 0.15))
            collector.kill(role)
            if role == "supervisor":
                collector.start(wait=False)
            collector.wait(lambda: all(row["pid"] for row in collector.status()["roles"]), "all to be back")
        collector.wait(lambda: len(numbers(collector)) >= total, "everything to be kept")
        collector.stop()
    found = numbers(collector)
    assert len(found) == len(set(found)), "some were kept twice"
    assert len(found) == total, f"{total - len(found)} of {total} were lost"


def test_tcp_is_told_when_it_is_kept():
    """What the collector closes in order is kept, whatever dies; what breaks is sent again, so it may be there twice."""
    random.seed(7)
    port = free_port()
    collector = Collector(f"""  - name: net
    syslog_tcp: {{listen: "127.0.0.1:{port}"}}
""")
    done = threading.Event()
    told = []

    def send():
        while not done.is_set():
            first = len(told) * 500
            lines = [f"<13>Nov 23 03:00:01 host app[1]: message number {i:08d}\n" for i in range(first, first + 500)]
            deliver(port, "".join(lines).encode())
            told.append(first)
    with collector:
        sender = threading.Thread(target=send)
        sender.start()
        try:
            for role in ("reader", "writer", "keeper", "reader", "supervisor", "writer"):
                time.sleep(random.uniform(0.1, 0.4))
                collector.kill(role)
                if role == "supervisor":
                    collector.start(wait=False)
                collector.wait(lambda: all(row["pid"] and row["sandbox"] for row in collector.status()["roles"]), "all to be back")
            collector.wait(lambda: len(told) > 6, "some to be acknowledged")
        finally:
            done.set()
            sender.join()
        collector.stop()
    found = set(numbers(collector))
    lost = len(told) * 500 - len(found)
    assert found >= set(range(len(told) * 500)), f"{lost} of {len(told) * 500} that were acknowledged are lost"


def test_all_end_with_the_supervisor():
    with Collector(FILES) as collector:
        pids = [collector.pid(role) for role in ROLES]
        collector.kill("supervisor")
        until = time.monotonic() + PATIENCE
        while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < until:
            time.sleep(0.02)
        assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_walls_stand_in_the_running_processes():
    with Collector(FILES) as collector:
        status = collector.status()
        for row in status["roles"]:
            text = open(f"/proc/{row['pid']}/status").read()
            field = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
            assert field["NoNewPrivs"] == "1"
            if "not supported" not in row["sandbox"]:
                assert field["Seccomp"] == "2"
            assert int(field["CapEff"], 16) == (4 if row["role"] == "reader" and os.geteuid() == 0 else 0)
            open_files = [os.readlink(f"/proc/{row['pid']}/fd/{fd}") for fd in os.listdir(f"/proc/{row['pid']}/fd")]
            if row["role"] != "writer":
                assert not any("/archive/" in path for path in open_files), open_files
            assert not any("/keys/" in path for path in open_files), open_files
        collector.stop()


def test_the_private_key_is_in_the_keeper_alone():
    """Searched in the memory of every process, by root."""
    need_root()
    import base64
    collector = Collector(FILES)
    secret = base64.b64decode((collector.dir / "keys" / "archive.key").read_text().split()[2])
    holders = []
    with collector:
        for row in collector.status()["roles"] + [{"role": "supervisor", "pid": collector.process.pid}]:
            with open(f"/proc/{row['pid']}/maps") as maps, open(f"/proc/{row['pid']}/mem", "rb", 0) as memory:
                for line in maps:
                    span, rights = line.split()[:2]
                    low, high = (int(part, 16) for part in span.split("-"))
                    if "rw" not in rights or high - low > 1 << 28:
                        continue
                    try:
                        memory.seek(low)
                        if secret in memory.read(high - low):
                            holders.append(row["role"])
                    except (OSError, ValueError, OverflowError):
                        pass
        collector.stop()
    assert set(holders) == {"keeper"}, holders


def get(collector, path, host="127.0.0.1", method="GET"):
    request = urllib.request.Request(f"http://127.0.0.1:{collector.port}{path}", headers={"Host": host}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_metrics_and_status():
    collector = Collector(FILES)
    write(logs_of(collector) / "a.log", 0, 10)
    with collector:
        collector.wait(kept(collector, 10), "ten events")
        status, text = get(collector, "/metrics")
        assert status == 200 and 'ward_source_events_total{source="logs"} 10' in text and "ward_events_total 10" in text
        for line in text.splitlines():
            assert re.fullmatch(r'# (HELP|TYPE) ward_\w+ .+|ward_\w+(\{\w+="[^"]*"\})? [0-9.e+-]+', line), line
        assert get(collector, "/metrics", host="evil.example")[0] == 403
        assert get(collector, "/else")[0] == 404
        assert get(collector, "/metrics", method="POST")[0] == 405
        done = ward("status", "-c", collector.config)
        assert done.returncode == 0 and "10 events" in done.stdout, done.stdout + done.stderr
        assert json.loads(ward("status", "-c", collector.config, "-f", "json").stdout)["archive"]["events"] == 10
        second = run([collector.binary, "collect", "-c", collector.config])
        assert second.returncode == 2 and "already" in second.stderr
        collector.stop()
    done = ward("status", "-c", collector.config)
    assert done.returncode == 2 and "does not run" in done.stderr


RULE = """title: {title}
id: 11111111-2222-4333-8444-{number:012d}
status: test
logsource: {{product: windows, service: security}}
detection:
  keywords: ['{word}']
  condition: keywords
level: high
"""


def test_findings_and_rules_that_change():
    collector = Collector("""  - name: logs
    files: {paths: ["{dir}/logs/*.log"]}
""", "rules: {built_in: false, paths: ['{dir}/rules']}")
    rules = collector.dir / "rules"
    rules.mkdir()
    (rules / "one.yml").write_text(RULE.format(title="The first", number=1, word="evilword"))
    logs = logs_of(collector)

    def say(words):
        with open(logs / "a.log", "a") as log:
            log.write(json.dumps({"Channel": "Security", "EventID": 4688, "CommandLine": words}) + "\n")

    say("nothing")
    say("an evilword here")
    with collector:
        collector.wait(lambda: len(collector.findings()) == 1, "the first finding")
        found = collector.findings()[0]
        assert found["source"] == "logs" and found["title"] == "The first" and found["level"] == "high"
        assert "evilword" in json.dumps(found)
        (rules / "two.yml").write_text(RULE.format(title="The second", number=2, word="otherword"))
        collector.process.send_signal(1)
        collector.wait(lambda: collector.status()["detect"]["reloads"] == 1, "the rules to be read again")
        say("an otherword here")
        collector.wait(lambda: len(collector.findings()) == 2, "the second finding")
        # Rules that cannot be read leave the old ones in force.
        (rules / "three.yml").write_text("title: [")
        collector.process.send_signal(1)
        collector.wait(lambda: collector.status()["detect"]["reloads"] == 2 or collector.status()["roles"][1]["trouble"], "an answer")
        say("one more evilword")
        collector.wait(lambda: len(collector.findings()) == 3, "the third finding")
        collector.kill("writer")
        collector.wait(lambda: all(row["pid"] for row in collector.status()["roles"]), "the writer to be back")
        say("the last evilword")
        collector.wait(lambda: len(collector.findings()) == 4, "the fourth finding")
        collector.stop()
    assert len(collector.kept()) == 5
    assert [row["title"] for row in collector.findings()] == ["The first", "The second", "The first", "The first"]


CORRELATION = """title: A word
name: word
id: 11111111-2222-4333-8444-000000000011
logsource: {product: windows, service: security}
detection:
  keywords: ['evilword']
  condition: keywords
level: low
---
title: Four of them
id: 11111111-2222-4333-8444-000000000012
correlation:
  type: event_count
  rules: [word]
  group-by: [Computer]
  timespan: 1h
  condition: {gte: 4}
level: high
"""


def test_correlations_remember_over_deaths():
    collector = Collector(FILES.replace("format: plain", "format: json"), "rules: {built_in: false, paths: ['{dir}/rules']}")
    (collector.dir / "rules").mkdir()
    (collector.dir / "rules" / "c.yml").write_text(CORRELATION)
    logs = logs_of(collector)
    said = 0

    def say():
        nonlocal said
        said += 1
        with open(logs / "a.log", "a") as log:
            log.write(json.dumps({"Channel": "Security", "EventID": 4688, "Computer": "ws1", "CommandLine": f"evilword {said}",
                                  "TimeCreated": f"2026-11-23T08:00:{said:02d}Z"}) + "\n")
        collector.wait(lambda: len(collector.kept()) == said, "the event to be kept")
    with collector:
        say()
        collector.kill("reader")
        collector.wait(lambda: all(row["pid"] and row["sandbox"] for row in collector.status()["roles"]), "the reader to be back")
        say()
        collector.kill("writer")
        collector.wait(lambda: all(row["pid"] and row["sandbox"] for row in collector.status()["roles"]), "the writer to be back")
        say()
        collector.stop()
    assert not collector.findings()
    with collector:
        say()
        collector.wait(lambda: collector.findings(), "the correlation")
        collector.stop()
    found = collector.findings()
    assert [row["title"] for row in found] == ["Four of them"] and found[0]["count"] == 4, found
    assert len(found[0]["events"]) == 4


def test_an_expression_that_explodes_is_said():
    collector = Collector("""  - name: logs
    files: {paths: ["{dir}/logs/*.log"]}
""", "rules: {built_in: false, paths: ['{dir}/rules']}")
    (collector.dir / "rules").mkdir()
    rule = RULE.format(title="One", number=1, word="x").replace("keywords: ['x']", "keywords: {CommandLine|re: '^(a+)+$'}")
    assert "re: " in rule, rule
    (collector.dir / "rules" / "one.yml").write_text(rule)
    (logs_of(collector) / "a.log").write_text(json.dumps({"Channel": "Security", "EventID": 4688, "CommandLine": "a" * 60 + "!"}) + "\n")
    with collector:
        collector.wait(lambda: "took too long" in collector.words(), "a word about it")
        collector.stop()


def small_disk(size):
    need_root()
    need_tool("mount")
    path = temporary()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=False, capture_output=True).returncode:
        raise Skip("a tmpfs cannot be mounted here")
    return path


def test_a_full_disk_makes_it_wait():
    disk = small_disk("3m")
    try:
        collector = Collector(FILES)
        text = collector.config.read_text()
        for what in ("archive", "findings"):
            text = text.replace(f"{collector.dir}/{what}", f"{disk}/{what}")
        collector.config.write_text(text)
        filler = disk / "filler"
        logs = logs_of(collector)
        with collector:
            write(logs / "a.log", 0, 100)
            collector.wait(kept(collector, 100), "the first hundred")
            with open(filler, "wb") as out:
                try:
                    while True:
                        out.write(b"x" * 65536)
                        out.flush()
                except OSError:
                    pass
            write(logs / "a.log", 100, 3000)
            collector.wait(lambda: any("space" in (row["trouble"] or "") for row in collector.status()["roles"]), "trouble to be told")
            assert ward("status", "-c", collector.config).returncode == 1
            filler.unlink()
            collector.wait(kept(collector, 3100), "the rest")
            collector.wait(lambda: not any(row["trouble"] for row in collector.status()["roles"]), "the trouble to be over")
            collector.stop()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = run([collector.binary, "collect", "-c", collector.config])
        assert done.returncode == 2 and "read-only" in done.stderr, done.stderr
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        done = run([collector.binary, "search", "--archive", disk / "archive", "--format", "raw", "--limit", "0"])
        lines = done.stdout.splitlines()
        assert len(set(lines)) == len(lines) == 3100
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def test_wrong_configurations_are_named():
    folder = temporary()
    config = folder / "ward.yaml"
    config.write_text("sources:\n  - {name: a, fils: {}}\n")
    done = ward("collect", "-c", config)
    assert done.returncode == 2 and f"{config}:2:15: unknown key 'fils', did you mean 'files'?" in done.stderr
    assert ward("collect", "-c", folder / "none").returncode == 2
    config.write_text("archive: {keys: %s/keys}\nsources:\n  - {name: a, stdin: {}}\n" % folder)
    done = ward("collect", "-c", config)
    remedy = f"ward keys create --dir {folder}/keys"
    assert done.returncode == 2 and remedy in done.stderr
    done = ward("collect", "-c", config, "--check")
    assert done.returncode == 2 and remedy in done.stderr
    run([WARD, *remedy.split()[1:]])
    done = ward("collect", "-c", config, "--check")
    assert done.returncode == 0 and "good" in done.stdout


def test_a_loose_key_is_refused():
    collector = Collector(FILES)
    (collector.dir / "keys" / "archive.key").chmod(0o644)
    logs_of(collector)
    done = run([collector.binary, "collect", "-c", collector.config])
    assert done.returncode == 2 and "chmod 600" in done.stderr, done.stderr
