# SPDX-License-Identifier: MulanPSL-2.0
"""EVTX files beside evtxexport, whole and damaged. Files are made by evtx_file.py."""
import json
import random
import re
import xml.etree.ElementTree as ElementTree

import evtx_file
import harness


def make(n=120):
    events = [{"provider": "Microsoft-Windows-Security-Auditing", "id": 4688, "channel": "Security", "computer": "his01.example.cn",
               "time": 1795392000.25 + i, "sid": "S-1-5-21-1-2-3-500" if i % 2 else None,
               "data": evtx_file.event_data([("NewProcessName", f"C:\\Windows\\cmd{i}.exe"), ("NewProcessId", 0xac8 + i),
                                             ("CommandLine", 'cmd /c "echo <a> & b" 医保\n\tx'), ("Empty", "")])}
              for i in range(n)]
    events.append({"provider": "Microsoft-Windows-Eventlog", "id": 1102, "channel": "Security", "computer": "his01",
                   "time": 1795393000, "data": evtx_file.user_data("LogFileCleared", [("SubjectUserName", "admin")])})
    events.append({"provider": "PowerShell", "id": 400, "channel": "Windows PowerShell", "computer": "his01", "time": 1795393001,
                   "data": evtx_file.event_data([(None, "Available"), (None, "None"), (None, "HostApplication=powershell")])})
    return evtx_file.write(events)


def show(path, *more):
    program = harness.ROOT / "build-asan/tests/show_events"
    if not program.exists():
        raise harness.Skip("show_events is not built")
    return harness.run([program, "evtx", path, *more])


def events_of(path, *more):
    done = show(path, *more)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def plain(value):
    """As Windows writes hexadecimal numbers, see evtx_xml.c."""
    return re.sub(r"^0x0+([0-9a-f]+)$", r"0x\1", value) if len(value) in (10, 18) else value


def from_xml(text):
    """(name, value) of an event's XML, by Python's parser."""
    pairs = []
    for part in ElementTree.fromstring(text):
        for element in part.iter():
            name = element.tag.rpartition("}")[2]
            if element is part or len(element):
                continue
            if part.tag.endswith("System"):
                pairs += [("TimeCreated" if key == "SystemTime" else f"{name}_{key}", value) for key, value in element.attrib.items()]
                pairs += [(name, plain(element.text))] if element.text else []
            else:
                pairs.append((element.get("Name", name), plain(element.text or "")))
    return sorted(pairs)


def test_same_fields_as_evtxexport():
    harness.need_tool("evtxexport")
    folder = harness.temporary()
    path = folder / "a.evtx"
    path.write_bytes(make())
    done = harness.run(["evtxexport", "-f", "xml", path])
    theirs = [from_xml(text) for text in re.findall(r"<Event .*?</Event>", done.stdout, re.S)]
    ours = events_of(path)
    assert len(theirs) == len(ours) == 122
    for line, (their, our) in enumerate(zip(theirs, ours), 1):
        assert their == sorted(map(tuple, our["fields"])), (their, our)
        assert our["line"] == line and not our["flaw"]
    assert ours[0]["time"] == 1795392000_250000000 and ours[0]["host"] == "his01.example.cn"
    # What is kept gives the same fields again.
    assert [event["fields"] for event in events_of(path, "again")] == [event["fields"] for event in ours]


def test_damaged_files_give_what_is_left():
    whole = make(200)
    folder = harness.temporary()
    path = folder / "a.evtx"
    # The file ends within its third chunk; the fourth is gone.
    path.write_bytes(whole[:4096 + 2 * 65536 + 20000])
    found = events_of(path)
    good = [event for event in found if not event["flaw"]]
    assert len(good) >= 100
    # A record's head is overwritten: it is missing or flawed, the others of other chunks are there.
    broken = bytearray(whole)
    at = whole.index(b"**\0\0", 4096 + 65536 + 2000)
    broken[at:at + 200] = b"\xff" * 200
    path.write_bytes(broken)
    found = events_of(path)
    ids = {int(value) for event in found for key, value in event["fields"] if key == "EventRecordID"}
    assert len(ids & set(range(1, 51))) == 50 and len(ids & set(range(101, 203))) == 102 and len(ids) < 202
    # No event log at all.
    for junk in (b"", b"ElfFile\0", b"x" * 5000):
        path.write_bytes(junk)
        done = show(path)
        assert done.returncode == 1 and "a.evtx: not an event log of Windows" in done.stderr, done.stderr


def test_noise_never_breaks_the_reader():
    whole = make(60)
    noise = random.Random(7)
    folder = harness.temporary()
    path = folder / "a.evtx"
    for _ in range(25):
        broken = bytearray(whole)
        for _ in range(noise.choice([1, 5, 50])):
            broken[noise.randrange(4096, len(broken))] = noise.randrange(256)
        path.write_bytes(broken)
        assert show(path).returncode in (0, 1)
