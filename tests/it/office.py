# SPDX-License-Identifier: MulanPSL-2.0
"""An office under test: `ward up` on a folder of its own, and a client over HTTPS that keeps its session.

    with Office() as office:
        client = office.first()              # the first login, by the one-time link: an account with all that it may have
        status, body = client.get("/api/hosts")
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import signal
import ssl
import struct
import subprocess
import time

from collector import Supervised
from harness import PATIENCE, SANITIZER_MARKS, WARD, environment, temporary

ROLES = ("keeper", "server", "writer", "monitor")  # and the reader, where there are logs; the inspector rests between inspections
PASSWORD = "Correct-Horse-Battery-9"


def totp(secret, at=None):
    """The six digits of this half minute (RFC 6238) for a secret in base 32."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    step = int((time.time() if at is None else at) // 30)
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    place = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[place:place + 4])[0] & 0x7fffffff) % 10**6:06d}"


class Client:
    """One person's browser: cookie and CSRF value are kept."""

    def __init__(self, host, port):
        self.host, self.port = host, port
        self.cookie = self.csrf = None
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.link = None

    def request(self, method, path, body=None, headers=None, timeout=PATIENCE):
        """(status, value): parsed when it is JSON, bytes otherwise; headers of the answer are in .headers."""
        sent = {"Connection": "keep-alive"} | (headers or {})
        if self.cookie:
            sent["Cookie"] = f"__Host-ward={self.cookie}"
        if self.csrf and method != "GET":
            sent["X-Ward-CSRF"] = self.csrf
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        for again in (True, False):
            try:
                if self.link is None:
                    self.link = http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.context)
                self.link.request(method, path, body=body, headers=sent)
                answer = self.link.getresponse()
                data = answer.read()
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.close()
                if not again:
                    raise
        self.headers = answer.headers
        for value in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = value.partition("=")
            if name == "__Host-ward":
                self.cookie = rest.split(";")[0] or None
        if (answer.headers.get("Content-Type") or "").startswith("application/json") and data:
            return answer.status, json.loads(data)
        return answer.status, data

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, {} if body is None else body, **kw)

    def patch(self, path, body, **kw):
        return self.request("PATCH", path, body, **kw)

    def put(self, path, body, **kw):
        return self.request("PUT", path, body, **kw)

    def delete(self, path, **kw):
        return self.request("DELETE", path, **kw)

    def session(self):
        """GET /api/session, and its CSRF value for what follows."""
        status, value = self.get("/api/session")
        if status == 200:
            self.csrf = value.get("csrf")
        return status, value

    def login(self, login, password=PASSWORD, code=None):
        status, value = self.post("/api/login", {"login": login, "password": password} | ({"code": code} if code else {}))
        assert status == 200, (status, value)
        assert self.session()[0] == 200
        return self

    def second_factor(self):
        """Set it up, as administrators must; the secret is kept in .secret, for totp()."""
        status, begun = self.post("/api/second-factor")
        assert status == 200, (status, begun)
        self.secret = begun["secret"]
        status, value = self.post("/api/second-factor", {"code": totp(self.secret)})
        assert status in (200, 204), (status, value)
        assert self.session()[0] == 200
        return self

    def close(self):
        if self.link:
            self.link.close()
        self.link = None


class Office(Supervised):
    """with Office() as office: …; `folder`: an office that was there before; `config`: the text of ward.yaml."""

    def __init__(self, folder=None, binary=WARD, config=None, listen="127.0.0.1:0", env=None):
        self.dir = pathlib.Path(folder) if folder else temporary() / "office"
        self.binary, self.listen, self.env = str(binary), listen, env or {}
        self.said = self.dir.parent / (self.dir.name + ".stderr")
        self.process = None
        self.begun = {}
        if config is not None:
            self.dir.mkdir(parents=True, exist_ok=True)
            (self.dir / "ward.yaml").write_text(config)

    def start(self):
        with open(self.said, "ab") as said:
            self.process = subprocess.Popen(
                [self.binary, "up", "--dir", self.dir, "--listen", self.listen, "--format", "json"], env=environment() | self.env,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(PATIENCE)
            raise AssertionError(f"ward up ended with {self.process.returncode}: {self.words()}")
        self.begun = json.loads(line)
        self.port = self.begun["port"]
        return self

    def client(self):
        return Client("127.0.0.1", self.port)

    @property
    def token(self):
        """Of the one-time link; None when somebody has an account."""
        link = self.begun.get("first")
        return link.rsplit("/", 1)[1] if link else None

    def first(self, login="first", name="First Person", org="Office under test", kind="township", password=PASSWORD):
        """Use the one-time link and set up the second factor; the client is logged in as `security`."""
        client = self.client()
        status, value = client.post("/api/first", {"token": self.token, "name": name, "login": login, "password": password,
                                                   "org_name": org, "kind": kind})
        assert status in (200, 201), (status, value)
        if client.session()[0] != 200:
            client.login(login, password)
        return client.second_factor()

    def kill(self, role):
        """kill -9; a dead supervisor takes the others with it."""
        pid = None

        def killed():
            nonlocal pid
            pid = self.pid(role)
            if pid:  # 0: it is being started just now
                os.kill(pid, signal.SIGKILL)
            return pid
        self.wait(killed, f"the {role}, to be killed")
        if role == "supervisor":
            self.process.wait()
        return pid

    def wait(self, done, what, seconds=PATIENCE):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"ward up ended with {self.process.returncode}: {self.words()}")
            try:
                if value := done():
                    return value
            except (OSError, ValueError, KeyError, AssertionError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise AssertionError(f"waited {seconds} s for {what}: {self.words()}")

    def words(self):
        return self.said.read_text(errors="replace")[-6000:] if self.said.exists() else ""

    def check_words(self):
        words = self.said.read_text(errors="replace")
        assert not any(mark in words for mark in SANITIZER_MARKS), words[-8000:]

    def stop(self, expect=0):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.check_words()
        assert expect is None or status == expect, f"exit {status}: {self.words()}"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process:
            self.process.stdout.close()
