# SPDX-License-Identifier: MulanPSL-2.0
"""Small EVTX files, written by the published format (libyal's "Windows XML Event Log (EVTX)", [MS-EVEN6] BinXml): a file
head, chunks of 64 KiB, records whose System part is one template and whose event data is another inside it, as Windows
writes them. A template is written out by the first record of a chunk that uses it; the others refer to it."""
import random
import struct
import zlib

STRING, UINT8, UINT16, UINT32, UINT64, SID, GUID, FILETIME, HEX32, HEX64, BINXML, NULL = (
    0x01, 0x04, 0x06, 0x08, 0x0a, 0x13, 0x0f, 0x11, 0x14, 0x15, 0x21, 0x00)
FILETIME_ZERO = 116444736000000000


def filetime(seconds):
    return FILETIME_ZERO + int(seconds * 10_000_000)


def sid(text):
    parts = text.split("-")[1:]
    return struct.pack("<BB", int(parts[0]), len(parts) - 2) + int(parts[1]).to_bytes(6, "big") + b"".join(
        struct.pack("<I", int(part)) for part in parts[2:])


def text_of(value):
    return value.encode("utf-16-le")


class Chunk:
    """One chunk being filled. Names and templates are written where they are first used."""

    def __init__(self, first):
        self.data = bytearray(512)
        self.first = self.last = first
        self.names = {}
        self.templates = {}
        self.last_offset = 512

    def at(self):
        return len(self.data)

    def put(self, form, *values):
        self.data += struct.pack("<" + form, *values)

    def patch(self, where, value):
        self.data[where:where + 4] = struct.pack("<I", value)

    def name(self, text):
        """An offset, and the name itself behind it the first time."""
        known = self.names.get(text)
        if known:
            self.put("I", known)
            return
        self.names[text] = self.at() + 4
        self.put("I", self.at() + 4)
        code = 0
        for char in text:
            code = (code * 65599 + ord(char)) & 0xffffffff
        self.put("IHH", 0, code & 0xffff, len(text))
        self.data += text_of(text) + b"\0\0"

    def value(self, value):
        """Content of an element or attribute: text, or (index, type) of a substitution."""
        if isinstance(value, tuple):
            self.put("BHB", 0x0e, *value)
        else:
            self.put("BBH", 0x05, 0x01, len(value))
            self.data += text_of(value)

    def element(self, name, attributes=(), content=()):
        self.put("BH", 0x41 if attributes else 0x01, 0xffff)
        size_at = self.at()
        self.put("I", 0)
        self.name(name)
        if attributes:
            list_at = self.at()
            self.put("I", 0)
            for i, (key, value) in enumerate(attributes):
                self.put("B", 0x46 if i + 1 < len(attributes) else 0x06)
                self.name(key)
                self.value(value)
            self.patch(list_at, self.at() - list_at - 4)
        if content:
            self.put("B", 0x02)
            for item in content:
                if isinstance(item, list):
                    self.element(*item)
                else:
                    self.value(item)
            self.put("B", 0x04)
        else:
            self.put("B", 0x03)
        self.patch(size_at, self.at() - size_at - 4)

    def template(self, key, root, values):
        """An instance of the template `key`, whose tree is `root`, with these (type, bytes)."""
        known = self.templates.get(key)
        ident = zlib.crc32(key.encode())
        self.put("BBI", 0x0c, 0x01, ident)
        if known:
            self.put("I", known)
        else:
            self.templates[key] = self.at() + 4
            self.put("I", self.at() + 4)
            self.put("II12sI", 0, ident, b"\0" * 12, 0)
            size_at, start = self.at() - 4, self.at()
            self.put("BBBB", 0x0f, 1, 1, 0)
            self.element(*root)
            self.put("B", 0x00)
            self.patch(size_at, self.at() - start)
        self.put("I", len(values))
        # Values that are fragments can only be written when it is known where they stand.
        sizes_at = self.at()
        for kind, value in values:
            self.put("HBB", 0 if callable(value) else len(value), kind, 0)
        for i, (_, value) in enumerate(values):
            start = self.at()
            if callable(value):
                value(self)
                self.data[sizes_at + 4 * i:sizes_at + 4 * i + 2] = struct.pack("<H", self.at() - start)
            else:
                self.data += value

    def record(self, ident, seconds, write):
        self.last, self.last_offset = ident, self.at()
        start = self.at()
        self.put("4sIQQ", b"**\0\0", 0, ident, filetime(seconds))
        self.put("BBBB", 0x0f, 1, 1, 0)
        write(self)
        self.put("B", 0x00)
        size = self.at() - start + 4
        self.put("I", size)
        self.patch(start + 4, size)

    def finish(self, number):
        free = self.at()
        head = bytearray(self.data[:512])
        struct.pack_into("<8sQQQQIIII", head, 0, b"ElfChnk\0", self.first, self.last, self.first, self.last, 128,
                         self.last_offset, free, zlib.crc32(self.data[512:]))
        struct.pack_into("<I", head, 124, zlib.crc32(bytes(head[0:120]) + bytes(head[128:512])))
        assert free <= 65536, number
        return bytes(head) + bytes(self.data[512:]) + b"\0" * (65536 - free)


SYSTEM = ["Event", [("xmlns", "http://schemas.microsoft.com/win/2004/08/events/event")], [
    ["System", [], [
        ["Provider", [("Name", (0, STRING)), ("Guid", (1, GUID))]],
        ["EventID", [], [(2, UINT16)]], ["Version", [], [(3, UINT8)]], ["Level", [], [(4, UINT8)]],
        ["Task", [], [(5, UINT16)]], ["Opcode", [], [(6, UINT8)]], ["Keywords", [], [(7, HEX64)]],
        ["TimeCreated", [("SystemTime", (8, FILETIME))]], ["EventRecordID", [], [(9, UINT64)]], ["Correlation"],
        ["Execution", [("ProcessID", (10, UINT32)), ("ThreadID", (11, UINT32))]],
        ["Channel", [], [(12, STRING)]], ["Computer", [], [(13, STRING)]], ["Security", [("UserID", (14, SID))]]]],
    (15, BINXML)]]


def event_data(pairs):
    """<EventData> with <Data Name="…">; a name None: without one. Values are text, or ints (hexadecimal in the XML)."""
    tree = ["EventData", [], []]
    values = []
    for i, (name, value) in enumerate(pairs):
        kind = STRING if isinstance(value, str) else HEX32
        tree[2].append(["Data", [("Name", name)] if name else [], [(i, kind)]])
        values.append((kind, text_of(value) if isinstance(value, str) else struct.pack("<I", value)))
    key = "data:" + "|".join(f"{name}:{type(value).__name__}" for name, value in pairs)
    return tree, values, key


def user_data(wrapper, pairs):
    tree = ["UserData", [], [[wrapper, [("xmlns", "http://manifests.microsoft.com/x")], [
        [name, [], [(i, STRING)]] for i, (name, _) in enumerate(pairs)]]]]
    return tree, [(STRING, text_of(value)) for _, value in pairs], "user:" + wrapper


def write(events, per_chunk=50):
    """The bytes of a file. An event is a dict: provider, id, channel, computer, time, data (a result of event_data() or
    user_data()), sid (or None)."""
    chunks = []
    for number, start in enumerate(range(0, len(events), per_chunk)):
        chunk = Chunk(start + 1)
        for i, event in enumerate(events[start:start + per_chunk], start + 1):
            tree, values, key = event["data"]

            def fragment(chunk, tree=tree, values=values, key=key):
                chunk.put("BBBB", 0x0f, 1, 1, 0)
                chunk.template(key, tree, values)
                chunk.put("B", 0x00)

            user = event.get("sid")
            system = [
                (STRING, text_of(event["provider"])), (GUID, bytes(range(16))), (UINT16, struct.pack("<H", event["id"])),
                (UINT8, b"\x02"), (UINT8, b"\0"), (UINT16, struct.pack("<H", 13312)), (UINT8, b"\0"),
                (HEX64, struct.pack("<Q", 0x8020000000000000)), (FILETIME, struct.pack("<Q", filetime(event["time"]))),
                (UINT64, struct.pack("<Q", i)), (UINT32, struct.pack("<I", 4)), (UINT32, struct.pack("<I", 320)),
                (STRING, text_of(event["channel"])), (STRING, text_of(event["computer"])),
                (SID, sid(user)) if user else (NULL, b""), (BINXML, fragment)]
            chunk.record(i, event["time"], lambda c, system=system: c.template("system", SYSTEM, system))
        chunks.append(chunk.finish(number))
    head = struct.pack("<8sQQQIHHHH76xI", b"ElfFile\0", 0, max(len(chunks) - 1, 0), len(events) + 1, 128, 1, 3, 4096, len(chunks), 0)
    return (head + struct.pack("<I", zlib.crc32(head[:120]))).ljust(4096, b"\0") + b"".join(chunks)


def varied(n, seed=1):
    """Events as an office's hosts have them: processes, logons, network connections, services, scripts in PowerShell, logs cleared,
    classic events without names; text in Chinese now and then."""
    rnd = random.Random(seed)
    images = ["C:\\Windows\\System32\\svchost.exe", "C:\\Program Files\\Java\\jre1.8\\bin\\java.exe", "D:\\医保\\结算客户端\\client.exe",
              "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", "C:\\Windows\\explorer.exe"]
    users, hosts = ["SYSTEM", "zhangwei", "李娜", "his-service", "Administrator"], ["his01.yb.example.cn", "lis02", "gw-3"]
    events = []
    for i in range(n):
        kind, image, user = rnd.random(), rnd.choice(images), rnd.choice(users)
        guid = f"{{{rnd.randrange(2**32):08X}-1F2E-64C0-0B01-00000000{rnd.randrange(65536):04X}}}"
        event = {"provider": "Microsoft-Windows-Security-Auditing", "channel": "Security", "computer": rnd.choice(hosts),
                 "time": 1795392000 + i * 0.37, "sid": rnd.choice([None, "S-1-5-18", "S-1-5-21-1004336348-1177238915-682003330-512"])}
        if kind < 0.35:
            event["id"], event["data"] = 4688, event_data([
                ("SubjectUserSid", "S-1-5-18"), ("SubjectUserName", user), ("SubjectDomainName", "YB"), ("SubjectLogonId", 0x3e7),
                ("NewProcessId", rnd.randrange(65536)), ("NewProcessName", image), ("TokenElevationType", "%%1936"),
                ("ProcessId", rnd.randrange(65536)), ("CommandLine", f'"{image}" -k {rnd.randrange(10**6)} /c "dir & exit"'),
                ("TargetUserName", "-"), ("ParentProcessName", rnd.choice(images)), ("MandatoryLabel", "S-1-16-16384")])
        elif kind < 0.6:
            event["id"], event["data"] = rnd.choice([4624, 4625]), event_data([
                ("SubjectUserName", user), ("SubjectLogonId", rnd.randrange(2**32)), ("TargetUserName", rnd.choice(users)),
                ("TargetDomainName", "YB"), ("TargetLogonId", rnd.randrange(2**32)), ("LogonType", "3"), ("LogonProcessName", "NtLmSsp "),
                ("AuthenticationPackageName", "NTLM"), ("WorkstationName", f"PC-{rnd.randrange(300)}"), ("LogonGuid", guid),
                ("IpAddress", f"10.3.{rnd.randrange(256)}.{rnd.randrange(256)}"), ("IpPort", str(rnd.randrange(65536)))])
        elif kind < 0.85:
            event.update(provider="Microsoft-Windows-Sysmon", channel="Microsoft-Windows-Sysmon/Operational", id=3, data=event_data([
                ("RuleName", "-"), ("UtcTime", f"2026-11-23 0{rnd.randrange(9)}:00:00.{rnd.randrange(1000):03}"), ("ProcessGuid", guid),
                ("ProcessId", str(rnd.randrange(65536))), ("Image", image), ("User", "YB\\" + user), ("Protocol", "tcp"),
                ("Initiated", "true"), ("SourceIp", f"10.3.0.{rnd.randrange(256)}"), ("SourcePort", str(rnd.randrange(65536))),
                ("DestinationIp", f"192.0.2.{rnd.randrange(256)}"), ("DestinationHostname", ""), ("DestinationPort", "443")]))
        elif kind < 0.93:
            event.update(provider="Service Control Manager", channel="System", id=7036, data=event_data([
                ("param1", "Windows Update"), ("param2", rnd.choice(["running", "stopped", "正在运行"]))]))
        elif kind < 0.98:
            event.update(provider="PowerShell", channel="Windows PowerShell", id=400, data=event_data([
                (None, "Available"), (None, "None"), (None, "\tNewEngineState=Available\r\n\tHostApplication=" + "powershell -enc " * rnd.randrange(40))]))
        else:
            event.update(provider="Microsoft-Windows-Eventlog", id=1102, data=user_data("LogFileCleared", [
                ("SubjectUserSid", "S-1-5-18"), ("SubjectUserName", user), ("SubjectDomainName", "YB")]))
        events.append(event)
    return events
