# SPDX-License-Identifier: MulanPSL-2.0
"""EVTX files beside evtxexport, whole and damaged. Files are made by evtx_file.py."""
import json
import random
import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib

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


def test_an_offices_log_as_evtxexport_shows_it():
    harness.need_tool("evtxexport")
    path = harness.temporary() / "a.evtx"
    path.write_bytes(evtx_file.write(evtx_file.varied(600), per_chunk=60))
    done = harness.run(["evtxexport", "-f", "xml", path])
    theirs = [from_xml(text) for text in re.findall(r"<Event .*?</Event>", done.stdout, re.S)]
    ours = [sorted((name, value.replace("\r\n", "\n")) for name, value in event["fields"]) for event in events_of(path)]
    assert len(ours) == 600 and theirs == ours
    assert [event["fields"] for event in events_of(path, "again")] == [event["fields"] for event in events_of(path)]


# Type, bytes, what Windows shows. Lists give their element several times.
KINDS = [
    (0x01, "h\u00e9\U0001f600\0x".encode("utf-16-le"), ["h\u00e9\U0001f600"]), (0x01, b"\0\xd8x\0", ["\ufffdx"]), (0x02, b"a\xe9\x80\0", ["a\u00e9\u20ac"]),
    (0x03, b"\xfb", ["-5"]), (0x04, b"\xff", ["255"]), (0x05, struct.pack("<h", -300), ["-300"]), (0x07, struct.pack("<i", -70000), ["-70000"]),
    (0x09, struct.pack("<q", -2**63), [str(-2**63)]), (0x0a, struct.pack("<Q", 2**64 - 1), [str(2**64 - 1)]),
    (0x0b, struct.pack("<f", 1.5), ["1.500000e+000"]), (0x0c, struct.pack("<d", -1e300), ["-1.000000e+300"]),
    (0x0c, struct.pack("<d", 9.9999999), ["1.000000e+001"]), (0x0d, struct.pack("<I", 1), ["true"]), (0x0d, struct.pack("<I", 0), ["false"]),
    (0x0e, b"\xfa\0\1", ["FA0001"]), (0x0f, bytes(range(16)), ["{03020100-0504-0706-0809-0A0B0C0D0E0F}"]),
    (0x10, struct.pack("<Q", 1 << 40), [str(1 << 40)]), (0x11, struct.pack("<Q", 0), ["1601-01-01T00:00:00.000000000Z"]),
    (0x11, struct.pack("<Q", evtx_file.filetime(951782400)), ["2000-02-29T00:00:00.000000000Z"]),
    (0x12, struct.pack("<8H", 2026, 11, 1, 23, 4, 5, 6, 789), ["2026-11-23T04:05:06.789Z"]), (0x12, b"\xff" * 16, ["FF" * 16]),
    (0x13, evtx_file.sid("S-1-5-21-1-2-3-500"), ["S-1-5-21-1-2-3-500"]), (0x13, b"\1\5\0", ["010500"]), (0x14, struct.pack("<I", 0xac8), ["0xac8"]),
    (0x15, struct.pack("<Q", 0xfedcba9876543210), ["0xfedcba9876543210"]), (0x00, b"", []), (0x08, b"\1", ["01"]), (0x77, b"ab", ["6162"]),
    (0x70, b"\"\n", ["220A"]), (0x71, b"\"\n", ["220A"]), (0xf1, b"\"\n", ["220A"]),
    (0x81, "a\0b\0\0c\0".encode("utf-16-le"), ["a", "b", "", "c"]), (0x85, struct.pack("<hh", -1, 2), ["-1", "2"]),
    (0x93, evtx_file.sid("S-1-5-18") + evtx_file.sid("S-1-5-32-544"), ["S-1-5-18", "S-1-5-32-544"]), (0x94, struct.pack("<II", 1, 16), ["0x1", "0x10"]),
]


def event_of(tree, values):
    return {"provider": "P", "id": 1, "channel": "C", "computer": "c", "time": 1795392000, "data": (tree, values, "k")}


def test_values_of_all_types():
    values = [(kind, value) for kind, value, _ in KINDS]
    tree = ["EventData", [], [["Data", [("Name", f"v{i}")], [(i, kind)]] for i, (kind, _) in enumerate(values)]]
    mixed = ["UserData", [], [["W", [], [["M", [("At", (0, 1))], ["a<", (1, 3), "&b", (2, 0x81)]], ["L", [("At", (0, 1))], [(2, 0x81)]]]]]]
    path = harness.temporary() / "a.evtx"
    path.write_bytes(evtx_file.write([event_of(tree, values), event_of(mixed, [KINDS[2][:2], KINDS[3][:2], (0x81, "x\0y".encode("utf-16-le"))])],
                                     per_chunk=1))
    all_kinds, others = events_of(path)
    assert not all_kinds["flaw"] and all_kinds["fields"][14:] == [[f"v{i}", text] for i, (_, _, texts) in enumerate(KINDS) for text in texts]
    at = "a\u00e9\u20ac"
    assert others["fields"][14:] == [["M_At", at], ["M", "a<-5&bxy"], ["L_At", at], ["L_At", at], ["L", "x"], ["L", "y"]]


def complaints(path):
    return set(show(path).stderr.splitlines())


def test_damage_is_named_and_what_is_left_is_read():
    whole = make(200)
    path = harness.temporary() / "a.evtx"

    def damage(at, data):
        broken = bytearray(whole)
        broken[at:at + len(data)] = data
        path.write_bytes(broken)
        found = events_of(path)
        return [int(dict(event["fields"])["EventRecordID"]) for event in found if not event["flaw"]], found

    everything = list(range(1, 203))
    assert damage(0, b"")[0] == everything and not complaints(path)
    # The head of the file; of a chunk; the checksum of a chunk.
    assert damage(0, b"\xff" * 128)[0] == everything and complaints(path) == {"the head of the file is damaged"}
    assert damage(70, b"x")[0] == everything and complaints(path) == {"the head of the file is damaged"}
    assert damage(4096 + 65536 + 40, b"\xff" * 88)[0] == everything and complaints(path) == {"the head of a chunk is damaged"}
    ids, found = damage(4096 + 65536, b"\xff" * 512)
    assert ids == everything and complaints(path) == {"the head of a chunk is damaged"}
    assert [int(dict(event["fields"])["EventRecordID"]) for event in found if ["Recovered", "true"] in event["fields"]] == everything[50:100]
    assert damage(4096 + 52, b"xxxx")[0] == everything and complaints(path) == {"the head of a chunk is damaged", }
    # One character of a text: the checksum tells.
    at = whole.index("cmd7.exe".encode("utf-16-le"))
    assert damage(at, b"C")[0] == everything and complaints(path) == {"the checksum of a chunk is wrong"}
    # A record is overwritten; those behind it are found by searching.
    at = whole.index(b"**\0\0", 4096 + 65536 + 5000)
    number = struct.unpack_from("<Q", whole, at + 8)[0]
    ids, found = damage(at, b"\xff" * 200)
    assert ids == [i for i in everything if i != number]
    assert [event["raw"] for event in found if event["flaw"]] and complaints(path) == {
        "the checksum of a chunk is wrong", "a damaged record that cannot be read at all"}
    # The offset of a template points nowhere, and to the instance itself: the record is kept with its texts.
    at = whole.index(b"\x0c\x01", at + 4)
    for offset in (0xffffffff, 65530, at - 4096 - 65536, 0):
        ids, found = damage(at + 6, struct.pack("<I", offset))
        assert len(ids) == 201 and [event["flaw"] for event in found if event["flaw"]] == ["a damaged record: only what its strings say is left"], offset
    # Cut within a chunk; with bytes before the chunks.
    path.write_bytes(whole[:4096 + 65536 + 30000])
    assert len(events_of(path)) > 60 and "the file ends within a chunk" in complaints(path)
    path.write_bytes(b"junk" * 777 + whole[4096:])
    assert len(events_of(path)) == 202 and complaints(path) == {"the head of the file is damaged"}


def test_what_a_chunk_kept_of_older_records():
    path = harness.temporary() / "a.evtx"
    broken = bytearray(make(60))
    # As if the first chunk had been begun anew and held ten records until now.
    at, n = 4096 + 512, 0
    while n < 10:
        at, n = at + struct.unpack_from("<I", broken, at + 4)[0], n + 1
    head = 4096
    struct.pack_into("<I", broken, head + 48, at - 4096)
    struct.pack_into("<I", broken, head + 52, zlib.crc32(broken[head + 512:at]))
    struct.pack_into("<I", broken, head + 124, zlib.crc32(bytes(broken[head:head + 120]) + bytes(broken[head + 128:head + 512])))
    path.write_bytes(broken)
    found = events_of(path)
    assert len(found) == 62 and not complaints(path)
    assert [["Recovered", "true"] in event["fields"] for event in found] == [False] * 10 + [True] * 40 + [False] * 12


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
