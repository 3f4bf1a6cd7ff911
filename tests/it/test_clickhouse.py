# SPDX-License-Identifier: MulanPSL-2.0
"""Events in ClickHouse: what is searched there is what is found in the archive; each record is there once, whatever happens."""
import json
import random

from clickhouse import ClickHouse
from collector import Collector
from harness import ROOT, WARD, WARD_RELEASE, run, temporary, ward

MAKE_ARCHIVE = ROOT / "build-asan" / "tests" / "make_archive"
WORDS = ["失败", "登录", "Failed", "failed_login", "login", "ADMIN", "Müller", "straße", "Пароль", "\u212aelvin", "pa\u017fs", "C:\\Windows\\x.exe",
         "say \"hi\"", "a/b", "10.1.2.3", "tab\there", "line\r\n\tSecret", "<script>", "été", "nul\u0000x", "end."]


def lines(count):
    chance = random.Random(7)
    for number in range(count):
        words = [chance.choice(WORDS) for _ in range(chance.randrange(1, 5))]
        entry = {"@timestamp": f"2026-11-{1 + number % 9:02}T{number % 24:02}:{number % 60:02}:00Z", "number": number,
                 "hex": hex(number), "src": chance.choice(["10.0.0.%d" % (number % 256), "fe80::%x" % number, "::ffff:10.9.9.9", "-"]),
                 "event": {"User": chance.choice(["root", "Admin01", "alice", "", "ſam"]), "list": [number % 3, "x"]},
                 "text": " ".join(words), "none": None, "ok": number % 2 == 0}
        yield json.dumps(entry, ensure_ascii=chance.random() < 0.5)


def make(folder, parser, text, host, block=60000):
    done = run([MAKE_ARCHIVE, folder, parser, host, block], input=text, text=False)
    assert done.returncode == 0, done.stderr
    return folder


def mixed_archive(count=1500):
    folder = temporary() / "archive"
    make(folder, "json", "\n".join(lines(count)).encode() + b"\n", "his01")
    make(folder, "access", b"".join(b'10.0.%d.9 - u%d [03/Nov/2026:08:01:02 +0800] "GET /i%d.html?q=\\xe5\\xa4\\xb1\\xe8\\xb4\\xa5 HTTP/1.1" %d %d "-" "curl/8"\n'
                                    % (n % 256, n % 5, n % 40, 404 if n % 9 == 0 else 200, n) for n in range(300)), "Web\u017f1")
    return make(folder, "plain", "".join(f"plain {n} failed {'失败' if n % 3 else 'Müller'}\n" for n in range(200)).encode()
                + b"bad \xff\xfe failed bytes\n", "db1")


SEARCHES = [
    "", "failed", "FAILED", "fail*", "*ailed", "失败", "登录失败", '"登录 失败"', "kelvin", "pass", "müller", "MÜLLER", "mülle", "straße", "пароль", "été",
    '"C:\\Windows\\x.exe"', '"say \\"hi\\""', "a/b", "Secret", "<script>", "script", "nul*", "end.", "f?iled", "l*n", "*in*l*",
    "user:root", "User:admin*", 'user:""', "user:sam", "user:(root OR alice)", "NOT user:root", "event.user:root", "user:*", "none:*", "nothing:*",
    "number:>1490", "number:[10 TO 20]", "number:{10 TO 20}", "hex:0x10", "hex:<=0x10", "list:2", "ok:true", "number:1e1", "number:7",
    "src:10.0.0.0/8", "src:10.0.0.0/25 number:<100", "src:fe80::/64", "src:[10.0.0.5 TO 10.0.0.9]", "src:10.9.9.9/32", "NOT src:0.0.0.0/0",
    "text:[a TO g]", "text:*failed", "host:his01 parser:json", "host:webs1", "host:w*", "NOT host:his01", "source:file", "parser:access cs-method:GET",
    "sc-status:404", "cs-uri-query:*失败*", "/fail(ed|_)/", "/FAIL/i", "text:/^Failed/", "user:/^a/i", "time:2026-11-03", "time:[2026-11-03 TO 2026-11-04]",
    "time:>2026-11-08", "arrived:>2026-01-01", "(failed OR 失败) NOT login number:<700", "NOT (failed OR 登录)", "\u212a", "bytes", "host:*",
]


def found(where, *words, program=WARD_RELEASE):
    done = run([program, "search", *where, "-f", "json", *words])
    assert done.returncode in (0, 1), (words, done.stderr)
    return done.stdout.splitlines()


def test_the_same_searches_find_the_same():
    folder = mixed_archive()
    with ClickHouse() as server:
        done = ward("deliver", "-a", folder, "--events", server.url)
        assert done.returncode == 0 and done.stdout.startswith("2001 records of"), done
        archive, database = ["-a", folder], ["--events", server.url]
        for number, search in enumerate(SEARCHES):
            here = found(archive, search)
            there = found(database, search, program=WARD if number % 8 == 0 else WARD_RELEASE)
            assert sorted(here) == sorted(there), (search, len(here), len(there))
            assert [json.loads(line)["time"] for line in here] == [json.loads(line)["time"] for line in there], search
            counted = run([WARD_RELEASE, "search", *database, "--count", search])
            assert counted.stdout == f"{len(here)}\n", (search, len(here), counted)
        for how in [["--by", "user"], ["--by", "host,sc-status"], ["--by", "list,nothing"], ["--by", "message", "parser:plain"], ["--every", "1d"],
                    ["--every", "6h", "--by", "user", "--top", "2"], ["--every", "7m", "failed"], ["--by", "time", "number:<50"], ["--by", "none"]]:
            env = {"TZ": "Asia/Kathmandu"}
            here = ward("search", *archive, "-f", "json", *how, env=env).stdout.splitlines()
            assert here == ward("search", *database, "-f", "json", *how, env=env).stdout.splitlines(), how
        assert len(found(database, "-n", "7", "failed")) == 7
        mistake = ward("search", *database, "/a(?=b)/")
        assert mistake.returncode == 2 and "ClickHouse at 127.0.0.1" in mistake.stderr


def count(server):
    return server.query("SELECT count(), uniqExact(archive, sequence, number) FROM ward_events").split()


def test_each_record_once():
    folder = temporary() / "archive"
    text = "".join(f"line {n}\n" for n in range(50000)).encode()
    make(folder, "plain", text, "a", 100000)
    server = ClickHouse()
    server.start()
    try:
        assert ward("deliver", "-a", folder, "--events", server.url).stdout.startswith("50000 records")
        assert count(server) == ["50000", "50000"]
        assert ward("deliver", "-a", folder, "--events", server.url).stdout.startswith("0 records of 0 blocks delivered; there already: 0")
        # As after a crash between the rows and the mark: the mark of the last two blocks is gone.
        server.query("CREATE TABLE kept ENGINE = MergeTree() ORDER BY sequence AS SELECT * FROM ward_delivered ORDER BY sequence")
        blocks = int(server.query("SELECT count() FROM kept"))
        server.query("DROP TABLE ward_delivered")
        server.query("CREATE TABLE ward_delivered (archive String, sequence UInt64, time DateTime DEFAULT now()) ENGINE = MergeTree() "
                     "ORDER BY (archive, sequence)")
        server.query(f"INSERT INTO ward_delivered SELECT * FROM kept ORDER BY sequence LIMIT {blocks - 2}")
        done = ward("deliver", "-a", folder, "--events", server.url)
        assert done.stdout.startswith("0 records of 2 blocks") and count(server) == ["50000", "50000"], done
        # While it is down everything waits in the archive.
        server.stop()
        make(folder, "plain", b"more\n" * 1000, "a")
        done = ward("deliver", "-a", folder, "--events", server.url)
        assert done.returncode == 2 and f"127.0.0.1:{server.http}" in done.stderr and "s3cret" not in done.stderr
        server.start()
        assert ward("deliver", "-a", folder, "--events", server.url).stdout.startswith("1000 records")
        assert count(server) == ["51000", "51000"]
        wrong_things(server, folder)
    finally:
        server.stop(kill=True)


def wrong_things(server, folder):
    server.password.write_text("wrong\n")
    done = ward("search", "--events", server.url)
    assert done.returncode == 2 and "Wrong password" in done.stderr, done
    server.password.chmod(0o644)
    assert "chmod 600" in ward("search", "--events", server.url).stderr
    open_url = f"clickhouse://127.0.0.1:{server.http}/default"
    server.query("INSERT INTO ward_schema (version) VALUES (99)")
    done = ward("deliver", "-a", folder, "--events", open_url)
    assert done.returncode == 2 and "version 99, which is newer" in done.stderr
    for url, said in [("http://x", "clickhouse://"), ("clickhouse://a:b@h/", "does not belong"), ("clickhouse:///db", "no host"),
                      ("clickhouse://h:0/", "no port"), ("clickhouse://h/d-b", "no name of a database"), ("clickhouse://h/?x=1", "'x' is not understood"),
                      ("clickhouse://h h/", "no host"), ("clickhouse://h/db?password-file=/nonexistent", "no such file")]:
        done = ward("search", "--events", url)
        assert done.returncode == 2 and said in done.stderr, (url, done.stderr)


def test_the_collector_delivers_what_it_seals():
    server = ClickHouse()
    server.start()
    try:
        collector = Collector('  - name: logs\n    files: {paths: ["{dir}/logs/*.log"], format: plain}\n', f'events: "{server.url}"')
        (collector.dir / "logs").mkdir()
        log = collector.dir / "logs" / "a.log"
        log.write_text("".join(f"first {n}\n" for n in range(500)))
        there = lambda n: lambda: server.query("SELECT count(), uniqExact(raw) FROM ward_events").split() == [str(n)] * 2
        with collector:
            collector.wait(there(500), "the first to be delivered")
            server.stop(kill=True)
            with open(log, "a") as more:
                more.writelines(f"second {n}\n" for n in range(500))
            collector.wait(lambda: any(role["role"] == "shipper" and "127.0.0.1" in role["trouble"] for role in collector.status()["roles"]),
                           "the trouble to be said")
            assert "s3cret" not in json.dumps(collector.status()) + collector.words()
            server.start()
            collector.wait(there(1000), "the rest to be delivered")
            collector.kill("shipper")
            collector.wait(lambda: collector.pid("shipper"), "it to come back")
            collector.stop()
    finally:
        server.stop(kill=True)
