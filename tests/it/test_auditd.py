# SPDX-License-Identifier: MulanPSL-2.0
"""Linux audit beside ausearch -i: the same events, the same records, the same decoded values."""
import json
import re

import harness

LOG = harness.ROOT / "fuzz/corpus/auditd/interleaved"
# Fields that ausearch -i shows as the text that was encoded.
PLAIN = ("comm", "exe", "cwd", "acct", "cmd", "proctitle", "key", "addr", "terminal")


def events():
    show = harness.ROOT / "build-asan/tests/show_events"
    if not show.exists():
        raise harness.Skip("show_events is not built")
    done = harness.run([show, "auditd", LOG])
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def values(event, name):
    return [value if value is not None else "(null)" for key, value in event["fields"] if key.lower() == name.lower()]


def test_same_events_as_ausearch():
    harness.need_tool("ausearch")
    done = harness.run(["ausearch", "-i", "-if", LOG])
    theirs = {}
    for line in done.stdout.splitlines():
        found = re.match(r"type=(\S+) msg=audit\(.*?:(\d+)\) *: *(.*)", line)
        if found:
            theirs.setdefault(found[2], []).append((found[1], found[3]))
    ours = {values(event, "serial")[0]: event for event in events()}
    assert sorted(theirs) == sorted(ours)
    for serial, records in theirs.items():
        event = ours[serial]
        assert sorted(kind for kind, _ in records) == sorted(values(event, "type")), serial
        text = "\n".join(body for _, body in records)
        for name in PLAIN:
            for value in values(event, name):
                assert re.search(rf"\b{name}={re.escape(value)}(?= |'|$)", text, re.M), (serial, name, value, text)
    calls = re.findall(r"syscall=(\w+)", "\n".join(body for records in theirs.values() for _, body in records))
    assert sorted(calls) == sorted(value for event in ours.values() for value in values(event, "SYSCALL") if not value.isdigit())


def test_addresses_as_ausearch():
    harness.need_tool("ausearch")
    done = harness.run(["ausearch", "-i", "-if", LOG])
    found = re.search(r"saddr_fam=(\S+) laddr=(\S+) lport=(\d+)", done.stdout)
    event = next(event for event in events() if values(event, "saddr"))
    assert [values(event, name)[0] for name in ("saddr_fam", "laddr", "lport")] == list(found.groups())
