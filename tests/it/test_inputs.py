# SPDX-License-Identifier: MulanPSL-2.0
"""Inputs against real senders and rotators: what is kept is exactly what was sent, through kill -9, rotation and restarts.

tests/input_pump.c keeps what one input brings in a file, rolled back to its last commit after a crash, as the archive would."""
import contextlib
import gzip
import json
import os
import pathlib
import random
import re
import signal
import socket
import ssl
import subprocess
import time
import zipfile

import evtx_file
from harness import PATIENCE, ROOT, SANITIZER_MARKS, Skip, environment, for_others, need_root, need_tool, run, temporary

PUMP = ROOT / "build-asan" / "tests" / "input_pump"


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Pump:
    def __init__(self, kind, config, folder=None, sleep=0, start=True, user=None):
        self.folder = folder or temporary()
        self.kind, self.sleep, self.user = kind, sleep, user
        self.kept = self.folder / "kept"
        self.config = self.folder / "config.yaml"
        self.config.write_text(config)
        self.process = None
        if start:
            self.start()

    def start(self):
        self.log = open(self.folder / "said", "w+", encoding="utf-8")
        self.process = subprocess.Popen([for_others(PUMP) if self.user else PUMP, self.kind, self.config, self.kept, str(self.sleep)], stderr=self.log,
                                        stdin=subprocess.DEVNULL, env=environment(), user=self.user)
        deadline = time.monotonic() + PATIENCE
        while "ready" not in self.words() and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def words(self):
        return (self.folder / "said").read_text(encoding="utf-8", errors="replace")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(PATIENCE)
        words = self.words()
        assert not any(mark in words for mark in SANITIZER_MARKS), words[-6000:]
        assert self.process.returncode == 0, words
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()

    def counters(self):
        return json.loads(re.search(r"counters: (.*)", self.words())[1])

    def complaints(self):
        return re.findall(r"complaint: (.*)", self.words())

    def events(self):
        """(host, stream, raw) of what was kept."""
        text = self.kept.read_bytes().decode("utf-8", "surrogateescape")
        text = text[:text.rfind("C\n") + 2]
        found = []
        for line in text.split("\n"):
            if line.startswith("E "):
                host, stream, raw = line[2:].split("\t")
                raw = re.sub(r"\\(x..|.)", lambda m: {"n": "\n", "\\": "\\"}.get(m[1]) or chr(int(m[1][1:], 16)), raw)
                found.append((host, stream, raw))
        return found

    def raws(self):
        return [raw for _, _, raw in self.events()]

    def wait(self, count):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.kept.exists() and len(self.events()) >= count:
                return self
            assert self.process.poll() is None, self.words()
            time.sleep(0.02)
        raise AssertionError(f"{len(self.events()) if self.kept.exists() else 0} of {count} came: {self.words()}")


def messages(count, tag="m"):
    return [f"<13>Nov 23 03:00:00 host{i % 7} app[{i}]: {tag} number {i} {'x' * (i * 37 % 300)}" for i in range(count)]


def counted(texts):
    return b"".join(b"%d %s" % (len(text.encode()), text.encode()) for text in texts)


def lines(texts):
    return b"".join(text.encode() + b"\n" for text in texts)


def send_in_chunks(sock, data, seed):
    rng, at = random.Random(seed), 0
    while at < len(data):
        n = rng.choice([1, 2, 7, 100, 3000, 60000])
        sock.sendall(data[at:at + n])
        at += n


def test_tcp_messages_in_random_chunks_of_both_framings():
    port = free_port()
    with Pump("syslog_tcp", f"listen: 127.0.0.1:{port}\n") as pump:
        sent = []
        for i, frame in enumerate([counted, lines, counted, lines]):
            texts = messages(400, f"c{i}")
            sent += texts
            with socket.create_connection(("127.0.0.1", port)) as sock:
                send_in_chunks(sock, frame(texts), i)
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"<13>Nov 23 03:00:00 h a: the last has no end")
        sent.append("<13>Nov 23 03:00:00 h a: the last has no end")
        pump.wait(len(sent)).stop()
        assert sorted(pump.raws()) == sorted(sent)
        for i in range(4):  # in order within a connection
            own = [raw for raw in pump.raws() if f": c{i} number" in raw]
            assert own == [text for text in sent if f": c{i} number" in text]
        assert pump.counters()["streams"] == 5 and not pump.complaints()


def test_tcp_closes_only_what_is_kept():
    port = free_port()
    with Pump("syslog_tcp", f"listen: 127.0.0.1:{port}\n", sleep=300) as pump:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(lines(messages(200)))
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(PATIENCE)
            assert sock.recv(1) == b""
            assert len(pump.raws()) == 200  # at the very moment
        pump.stop()


def test_tcp_stop_takes_what_lies_in_the_buffers():
    port = free_port()
    with Pump("syslog_tcp", f"listen: 127.0.0.1:{port}\n") as pump:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(lines(messages(5)))
            pump.wait(5)
            sock.sendall(lines(messages(3000)))
            pump.stop()
        assert len(pump.raws()) == 3005


def test_tcp_bounds_of_connections_and_messages():
    port = free_port()
    config = f"listen: 127.0.0.1:{port}\nconnections: 4\nconnections_per_address: 10\npatience: 2\nmessage: 2048\n"
    with Pump("syslog_tcp", config) as pump, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(4)]
        for sock in slow:
            sock.sendall(b"<13>never whole")
        refused = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        refused.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionError):
            assert refused.recv(1) == b""
        time.sleep(2.2)  # now they are slower than it is patient
        good = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        good.sendall(b"<13>a whole message\n" + b"<13>" + b"y" * 5000 + b"\n<13>and another\n")
        pump.wait(4)  # one made room for it, and its three
        assert "<13>never whole" in pump.raws()  # cut off, not lost
        pump.stop()
        raws = pump.raws()
        assert "<13>a whole message" in raws and "<13>and another" in raws
        assert "".join(raw for raw in raws if "yyy" in raw) == "<13>" + "y" * 5000
        assert pump.counters()["refused"] == 2
        assert any("all places for connections are taken" in text for text in pump.complaints())


def test_tcp_a_count_that_is_none_ends_the_connection():
    port = free_port()
    with Pump("syslog_tcp", f"listen: 127.0.0.1:{port}\n") as pump:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"9 <13>first9 <13>other\x00\xff garbage" * 3)
            sock.settimeout(PATIENCE)
            with contextlib.suppress(ConnectionError):
                assert sock.recv(1) == b""
        pump.wait(3).stop()
        assert pump.raws()[:2] == ["<13>first", "<13>other"]
        assert any("without its length" in text for text in pump.complaints())


def test_logger_by_udp_and_tcp():
    logger = need_tool("logger")
    udp, tcp = free_port(socket.SOCK_DGRAM), free_port()
    with Pump("syslog_udp", f"listen: 127.0.0.1:{udp}\n") as pump:
        for _ in range(3):
            run([logger, "-n", "127.0.0.1", "-P", udp, "-d", "--rfc5424", "-t", "tag", "by udp 中文"])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"<13>no host here\n\0", ("127.0.0.1", udp))
            for i in range(500):
                sock.sendto(f"<13>Nov 23 03:00:00 h t: {i}".encode(), ("127.0.0.1", udp))
                if i % 50 == 0:
                    pump.wait(4 + i)  # no more on the way than there is room for
        pump.wait(504).stop()
        raws = pump.raws()
        assert sum("by udp 中文" in raw for raw in raws) == 3
        assert [host for host, _, raw in pump.events() if raw == "<13>no host here"] == ["127.0.0.1"]
        assert len(raws) + pump.counters()["lost"] == 504
    with Pump("syslog_tcp", f"listen: 127.0.0.1:{tcp}\n") as pump:
        run([logger, "-n", "127.0.0.1", "-P", tcp, "-T", "--rfc3164", "-t", "tag", "by tcp"])
        run([logger, "-n", "127.0.0.1", "-P", tcp, "-T", "--octet-count", "-t", "tag", "by count"])
        pump.wait(2).stop()
        assert sorted(re.findall(r"by (\w+)", "".join(pump.raws()))) == ["count", "tcp"]


def test_udp_losses_are_counted():
    port = free_port(socket.SOCK_DGRAM)
    with Pump("syslog_udp", f"listen: 127.0.0.1:{port}\nbuffer: 65536\n", sleep=400) as pump:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for i in range(4000):
                sock.sendto(b"<13>Nov 23 03:00:00 h t: " + b"z" * 400, ("127.0.0.1", port))
            sent = 4000
            pump.wait(1)
            while not any("the last one tells" in raw for raw in pump.raws()):  # of those before it that found no room
                sock.sendto(b"<13>Nov 23 03:00:00 h t: the last one tells", ("127.0.0.1", port))
                sent += 1
                time.sleep(0.5)
        pump.stop()
        lost = pump.counters()["lost"]
        assert lost > 0 and len(pump.raws()) + lost == sent
        assert any("got lost" in text for text in pump.complaints())


# ---- TLS ----

def certificates(folder):
    """An authority, a server, a client of the authority, a stranger."""
    openssl = need_tool("openssl")

    def make(name, *args):
        run([openssl, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / f"{name}.key", "-subj", f"/CN={name}",
             *args])
    make("ca", "-x509", "-days", "2", "-out", folder / "ca.pem")
    make("stranger", "-x509", "-days", "2", "-out", folder / "stranger.pem")
    for name in ("server", "his01"):
        make(name, "-out", folder / f"{name}.csr")
        run([openssl, "x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
             "-CAcreateserial", "-days", "2", "-out", folder / f"{name}.pem"])
    return folder


def tls_client(port, folder, name=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(folder / "ca.pem")
    if name:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))


def test_tls_senders_are_known_by_their_certificates():
    folder = certificates(temporary())
    port = free_port()
    config = (f"listen: 127.0.0.1:{port}\ncertificate: {folder}/server.pem\nkey: {folder}/server.key\n"
              f"ca: {folder}/ca.pem\nhandshake: 1\n")
    texts = messages(2000)
    with Pump("syslog_tls", config) as pump:
        with tls_client(port, folder, "his01") as sock:
            send_in_chunks(sock, counted(texts), 1)
            sock.unwrap().close()
        pump.wait(len(texts))
        for name in ("stranger", None):
            with contextlib.suppress(OSError):
                with tls_client(port, folder, name) as sock:
                    sock.sendall(counted(["<13>from somebody unknown"]))
                    sock.recv(1)
        with socket.create_connection(("127.0.0.1", port)) as sock:  # this is no TLS
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n" + bytes(random.Random(1).randbytes(4000)))
            with contextlib.suppress(OSError):
                while sock.recv(100):
                    pass
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock:  # never begins
            with contextlib.suppress(ConnectionError):
                while sock.recv(100):
                    pass
        openssl = need_tool("openssl")
        run([openssl, "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", "-no_ign_eof", "-cert", folder / "his01.pem", "-key",
             folder / "his01.key"], input="26 <13>by openssl's s_client\n")
        pump.wait(len(texts) + 1).stop()
        assert pump.raws() == texts + ["<13>by openssl's s_client"]
        assert pump.counters()["refused"] == 4, pump.words()
        assert any("broke" in text for text in pump.complaints())


def test_tls_fingerprints_and_the_certificates_name():
    folder = certificates(temporary())
    port = free_port()
    print_of = run([need_tool("openssl"), "x509", "-in", folder / "stranger.pem", "-noout", "-fingerprint",
                    "-sha256"]).stdout.strip().split("=")[1]
    config = (f"listen: 127.0.0.1:{port}\ncertificate: {folder}/server.pem\nkey: {folder}/server.key\n"
              f"fingerprints: ['sha-256:{print_of}']\nhost_of_certificate: true\n")
    with Pump("syslog_tls", config) as pump:
        with tls_client(port, folder, "stranger") as sock:
            sock.sendall(counted(messages(3)))
        with contextlib.suppress(OSError):
            with tls_client(port, folder, "his01") as sock:
                sock.sendall(counted(["<13>its authority is not asked here"]))
                sock.recv(1)
        pump.wait(3).stop()
        assert [host for host, _, _ in pump.events()] == ["stranger"] * 3
        assert any("none of the fingerprints" in text for text in pump.complaints())


def test_tls_needs_a_way_to_know_senders():
    folder = certificates(temporary())
    config = folder / "config.yaml"
    config.write_text(f"listen: 127.0.0.1:0\ncertificate: {folder}/server.pem\nkey: {folder}/server.key\n")
    done = run([PUMP, "syslog_tls", config, "-"])
    assert done.returncode == 1 and "give 'ca' or 'fingerprints', or 'clients: none'" in done.stderr


# ---- files ----

def write_some(path, texts):
    with open(path, "a", encoding="utf-8") as file:
        for text in texts:
            file.write(text + "\n")


def test_logrotate_and_kill_lose_and_double_nothing():
    logrotate = need_tool("logrotate")
    for options in ("create", "copytruncate", "create\ncompress"):
        rng = random.Random(options)
        folder = temporary()
        folder.chmod(0o755)
        log = folder / "app.log"
        conf = folder / "logrotate.conf"
        conf.write_text(f"{log} {{\nrotate 20\nmissingok\nsu root root\n{options}\n}}\n" if os.geteuid() == 0 else
                        f"{log} {{\nrotate 20\nmissingok\n{options}\n}}\n")
        conf.chmod(0o644)
        state, sent, of_former = folder / "state", [], 0
        pump = Pump("files", f"paths: {log}\n", folder=folder, sleep=5)
        with pump:
            for round_number in range(12):
                texts = [f"2026-11-23 03:00:00 round {round_number} line {i} {'x' * rng.randrange(200)}"
                         for i in range(rng.randrange(1, 300))]
                sent += texts
                write_some(log, texts)
                if round_number % 3 == 1:
                    # What nobody ever saw before its rotation has no position.
                    pump.wait(of_former + 1 if options == "create" else len(sent))
                    run([logrotate, "-f", "-s", state, conf])
                    of_former = len(sent)
                if round_number % 4 == 2:
                    time.sleep(rng.random() / 20)
                    pump.kill()
                    pump.start()
            pump.wait(len(sent))
            time.sleep(0.2)
            pump.stop()
            raws = pump.raws()
            assert len(raws) == len(set(raws)), f"{options}: something came twice"
            assert sorted(raws) == sorted(sent), f"{options}: {sorted({raw[20:32] for raw in set(sent) - set(raws)})}"
            assert raws == sent, f"{options}: order"
            assert not pump.complaints(), pump.complaints()


def test_permission_is_asked_again():
    folder = temporary()
    log = folder / "secret.log"
    write_some(log, ["one line"])
    log.chmod(0)
    user = None
    if os.geteuid() == 0:  # root may read everything
        user = 65534
        for path in (folder, log):
            os.chown(path, user, -1)
    with Pump("files", f"paths: {log}\n", folder=folder, user=user) as pump:
        while not pump.complaints() and pump.process.poll() is None:
            time.sleep(0.05)
        time.sleep(1.5)  # asked again, and not told again
        assert len(pump.complaints()) == 1
        log.chmod(0o600)
        pump.wait(1).stop()


def test_evtx_files_plain_compressed_and_in_archives():
    folder = temporary()
    data = evtx_file.write([{"id": 4688, "record": i + 1, "channel": "Security", "computer": "his01",
                             "provider": "Microsoft-Windows-Security-Auditing", "time": 1795393000 + i,
                             "data": evtx_file.event_data([("NewProcessName", f"C:\\Windows\\cmd{i}.exe")])}
                            for i in range(300)])
    logs = folder / "logs"
    logs.mkdir()
    (logs / "a.evtx").write_bytes(data)
    (logs / "b.evtx.gz").write_bytes(gzip.compress(data))
    with zipfile.ZipFile(logs / "c.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("host/Security.evtx", data)
        made.writestr("host/notes.txt", "a line of text\n")
    for path in logs.iterdir():
        os.utime(path, (1000, 1000))  # long complete
    with Pump("files", f"paths: {logs}\n", folder=folder, sleep=30) as pump:
        for _ in range(3):  # also in the middle of a file
            time.sleep(0.05)
            pump.kill()
            pump.start()
        pump.wait(901).kill()
        pump.start()
        time.sleep(1)
        pump.stop()
        streams = [stream.replace(f"{logs}/", "") for _, stream, _ in pump.events()]
        assert {name: streams.count(name) for name in set(streams)} == {
            "a.evtx": 300, "b.evtx.gz": 300, "c.zip:host/Security.evtx": 300, "c.zip:host/notes.txt": 1}
        assert not pump.complaints()


# ---- the journal, audit ----

def test_journal_files_are_read_with_positions():
    remote = pathlib.Path("/lib/systemd/systemd-journal-remote")
    if not remote.exists():
        raise Skip("systemd-journal-remote is not on this machine")
    folder = temporary()
    entries = b""
    for i in range(300):
        binary = b"BINARY\n" + (5).to_bytes(8, "little") + b"a\n\xff\x00b\n" if i % 10 == 0 else b""
        entries += (f"__REALTIME_TIMESTAMP={1764000000000000 + i}\n__MONOTONIC_TIMESTAMP={i + 1}\n"
                    "_BOOT_ID=4ed9f4a4e3b14b9d8c2f1e6a7b8c9d0e\n_HOSTNAME=his01\n"
                    f"PRIORITY=6\nMESSAGE=entry {i} 中文\n").encode() + binary + b"\n"
    (folder / "export").write_bytes(entries)
    journal = folder / "made.journal"
    run([remote, f"--output={journal}", folder / "export"])
    assert journal.exists()
    truth = run([need_tool("journalctl"), "--file", journal, "-o", "json"], text=False).stdout.decode()
    expected = [json.loads(line)["MESSAGE"] for line in truth.splitlines()]
    assert len(expected) == 300
    with Pump("journald", f"files: {journal}\n", folder=folder, sleep=1) as pump:
        pump.process.wait(PATIENCE)
        assert [re.search(r"^MESSAGE=(.*)$", raw, re.M)[1] for raw in pump.raws()] == expected
        assert {host for host, _, _ in pump.events()} == {"his01"}
        assert "error" not in pump.words() and pump.counters()["flawed"] == 0
        pump.start()  # from the kept cursor: nothing twice
        pump.process.wait(PATIENCE)
        assert len(pump.raws()) == 300
    with Pump("journald", f"directory: {folder}\n", sleep=1) as pump:  # followed
        pump.wait(300)
        more = folder / "export2"
        more.write_bytes(entries.split(b"\n\n")[0].replace(b"entry 0", b"entry after")
                         .replace(b"1764000000000000", b"1764000009000000").replace(b"STAMP=1\n", b"STAMP=9000000\n") + b"\n\n")
        run([remote, f"--output={folder / 'second.journal'}", more])
        pump.wait(301).stop()
        assert "entry after" in pump.raws()[-1]


def test_audit_records_of_the_kernel():
    need_root()
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as probe:
            probe.bind((0, 0))
            probe.setsockopt(270, 1, 1)
    except OSError as error:
        raise Skip(f"the kernel gives no audit records here: {error}")
    with Pump("audit", "{}\n") as pump:
        # A record of user space (AUDIT_USER), as auditctl -m sends it.
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as sock:
            text = b"ward was here"
            sock.send((16 + len(text)).to_bytes(4, "little") + (1005).to_bytes(2, "little") + (5).to_bytes(2, "little") +
                      (1).to_bytes(4, "little") + bytes(4) + text)
            answer = sock.recv(4096)
        if int.from_bytes(answer[16:20], "little", signed=True) != 0:
            raise Skip("the kernel takes no audit records of user space here")
        time.sleep(3)
        if not pump.events():
            raise Skip("audit is switched off in this kernel")
        pump.stop()
        assert any("ward was here" in raw and raw.startswith("type=USER msg=audit(") for raw in pump.raws())
