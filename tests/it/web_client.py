"""A server (tests/web_server.c) and a client over real TLS that sends what it is told, byte for byte."""
import atexit
import contextlib
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import time

from harness import PATIENCE, ROOT, SANITIZER_MARKS, environment, need_tool, run, temporary

SERVER = ROOT / "build-asan" / "tests" / "web_server"
COOKIE = "Cookie: __Host-ward=good\r\n"
CSRF = COOKIE + "X-Ward-CSRF: spell\r\n"
JSON = "Content-Type: application/json\r\n"
_certificates = {}


def certificate(folder, name="server", **template):
    """A self-signed certificate for localhost and 127.0.0.1; (certificate, key)."""
    certtool = need_tool("certtool")
    template = {"cn": '"localhost"', "dns_name": '"localhost"', "ip_address": '"127.0.0.1"', "serial": "1", "signing_key": "",
                "tls_www_server": "", "ca": "", "expiration_days": "30"} | template
    if "expiration_date" in template:
        del template["expiration_days"]
    folder = pathlib.Path(folder)
    key, config, out = folder / f"{name}.key", folder / f"{name}.template", folder / f"{name}.pem"
    config.write_text("".join(f"{key} = {value}\n" if value else f"{key}\n" for key, value in template.items()))
    if not key.exists():
        run([certtool, "--generate-privkey", "--key-type", "ecdsa", "--curve", "secp256r1", "--outfile", key])
    done = run([certtool, "--generate-self-signed", "--load-privkey", key, "--template", config, "--outfile", out])
    assert done.returncode == 0, done.stderr
    return out, key


class Server:
    """with Server(things=10, head=2) as server: …"""

    def __init__(self, folder=None, pair=None, tls=True, **settings):
        self.folder = folder or temporary()
        self.pair = pair or certificate(self.folder)
        self.settings = {"connections": 500} | settings
        self.tls = tls

    def __enter__(self):
        self.said = self.folder / "server.err"
        args = [SERVER, self.folder, self.pair[0] if self.tls else "-", self.pair[1],
                *(f"{key}={value}" for key, value in self.settings.items())]
        with open(self.said, "wb") as err:
            self.process = subprocess.Popen([str(arg) for arg in args], env=environment(), stdout=subprocess.PIPE, stderr=err, text=True)
        atexit.register(self.process.kill)
        line = self.process.stdout.readline()
        assert line.startswith("port "), self.said.read_text()
        self.port = int(line.split()[1])
        return self

    def __exit__(self, *why):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            rest = self.process.communicate(timeout=PATIENCE)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        said = self.said.read_text()
        assert not any(mark in said for mark in SANITIZER_MARKS), said[-8000:]
        if not why[0]:
            assert self.process.returncode == 0 and "stopped" in rest, (self.process.returncode, said)

    def context(self):
        context = ssl.create_default_context(cafile=str(self.pair[0]))
        return context

    def connect(self, timeout=PATIENCE, **kw):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Connection(self.context().wrap_socket(plain, server_hostname="localhost", **kw) if self.tls else plain)

    def ask(self, head, body=b"", **kw):
        """One request on a connection of its own."""
        with contextlib.closing(self.connect(**kw)) as connection:
            return connection.ask(head, body)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __getitem__(self, name):
        return self.headers.get(name.lower())

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json()["error"]["code"]


class Connection:
    def __init__(self, sock):
        self.sock, self.rest = sock, b""

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def ask(self, head, body=b""):
        """`head`: "GET /x" or "POST /x\\r\\nHeader: value\\r\\n"; Host and Content-Length are added where they are missing."""
        line, _, headers = head.partition("\r\n")
        if not headers.lower().startswith("host:") and "\nhost:" not in headers.lower():
            headers += f"Host: localhost:{self.sock.getpeername()[1]}\r\n"
        body = body.encode() if isinstance(body, str) else body
        if body and "content-length:" not in headers.lower() and "transfer-encoding:" not in headers.lower():
            headers += f"Content-Length: {len(body)}\r\n"
        elif not body and line.startswith(("POST", "PUT", "PATCH")) and "content-length:" not in headers.lower():
            headers += "Content-Length: 0\r\n"
        self.send(f"{line} HTTP/1.1\r\n{headers}\r\n".encode() + body)
        return self.answer(no_body=line.startswith("HEAD"))

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self.rest += data

    def until(self, mark):
        while mark not in self.rest:
            self.more()
        found, self.rest = self.rest.split(mark, 1)
        return found

    def take(self, n):
        while len(self.rest) < n:
            self.more()
        found, self.rest = self.rest[:n], self.rest[n:]
        return found

    def head(self):
        first, *lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status = first.split(" ")[:2]
        assert version == "HTTP/1.1", first
        headers = {}
        for line in lines:
            name, value = line.split(": ", 1)
            headers[name.lower()] = headers[name.lower()] + "\n" + value if name.lower() in headers else value
        return int(status), headers

    def answer(self, no_body=False):
        status, headers = self.head()
        if status == 100:
            return self.answer(no_body)
        if no_body or status in (204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.until(b"\r\n"), 16):
                body += self.take(size)
                self.take(2)
            self.take(2)
        else:
            body = self.take(int(headers["content-length"]))
        return Answer(status, headers, body)

    def is_closed(self, seconds=PATIENCE):
        """Does the server hang up within so many seconds?"""
        self.sock.settimeout(seconds)
        try:
            while data := self.sock.recv(65536):
                self.rest += data
            return True
        except TimeoutError:
            return False
        except OSError:
            return True

    # ---- server-sent events ----

    def event(self):
        """The next one as {"event", "id", "data"}; comments are left out."""
        while True:
            while b"\n\n" not in getattr(self, "text", b""):
                size = int(self.until(b"\r\n"), 16)
                if not size:
                    raise EOFError
                self.text = getattr(self, "text", b"") + self.take(size)
                self.take(2)
            one, self.text = self.text.split(b"\n\n", 1)
            event = dict(line.split(": ", 1) for line in one.decode().split("\n") if ": " in line)
            if "event" in event:
                return event


def until(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
