"""The server over real TLS: what is well-formed is answered, what is not is refused with words and without harm."""
import concurrent.futures
import contextlib
import gzip
import hashlib
import json
import re
import signal
import ssl
import threading
import time

from harness import PATIENCE, run, temporary
from web_client import COOKIE, CSRF, JSON, SERVER, Server, certificate, until


# ---- what works ----

def test_requests_share_a_connection():
    with Server(things=10) as server, contextlib.closing(server.connect()) as connection:
        assert connection.sock.version() == "TLSv1.3"
        for i in range(1, 6):
            assert connection.ask(f"GET /api/things/{i}\r\n" + COOKIE).json()["name"] == f"thing number {i}"
        made = connection.ask("POST /api/things\r\n" + CSRF + JSON, '{"name": "台账"}')
        assert made.status == 201
        assert connection.ask(f"GET /api/things/{made.json()['id']}\r\n" + COOKIE).json()["name"] == "台账"
        head = connection.ask("HEAD /api/things/1\r\n" + COOKIE)
        assert head.status == 200 and int(head["content-length"]) > 10
        # Two at once in one piece.
        connection.send(f"GET /api/things/1 HTTP/1.1\r\nHost: localhost\r\n{COOKIE}\r\n" * 2)
        assert connection.answer().json()["id"] == connection.answer().json()["id"] == 1
        # Errors do not end it.
        assert connection.ask("GET /api/things/99\r\n" + COOKIE).code == "missing"
        assert connection.ask("POST /api/things\r\n" + CSRF + JSON, "{").code == "malformed"
        assert connection.ask("GET /api/slow?ms=5\r\n" + COOKIE).status == 200
        assert connection.ask("GET /api/session\r\n" + COOKIE).json() == {"id": 2, "csrf": "spell", "address": "127.0.0.1", "sleepers": 1}


def test_old_protocols_and_weak_ciphers_are_refused():
    with Server() as server:
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            context = server.context()
            context.minimum_version = context.maximum_version = version
            server.context = lambda context=context: context
            try:
                server.connect()
                raise AssertionError(f"{version} was taken")
            except (ssl.SSLError, OSError):
                pass
        for cipher in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"):
            context = ssl.create_default_context(cafile=str(server.pair[0]))
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(cipher)
            server.context = lambda context=context: context
            try:
                server.connect()
                raise AssertionError(f"{cipher} was taken")
            except (ssl.SSLError, OSError):
                pass
        context = ssl.create_default_context(cafile=str(server.pair[0]))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        server.context = lambda: context
        assert server.ask("GET /api/document").status == 200


def test_sessions_are_resumed():
    with Server() as server:
        context = server.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # where Python sees the session at once
        server.context = lambda: context
        first = server.connect()
        first.ask("GET /api/document")
        second = server.connect(session=first.sock.session)
        assert second.ask("GET /api/document").status == 200
        assert second.sock.session_reused
        first.close()
        second.close()


def test_files_come_whole():
    with Server() as server, contextlib.closing(server.connect()) as connection:
        data = bytes(range(256)) * 40000  # 10 MB
        answer = connection.ask("POST /api/file\r\n" + CSRF + "Content-Type: application/octet-stream\r\n", data)
        assert answer.json() == {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        # In chunks, and with a client that asks first.
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (b"abc", b"d" * 70000, b"e")) + b"0\r\n\r\n"
        answer = connection.ask("POST /api/file\r\n" + CSRF + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", chunks)
        assert answer.json()["sha256"] == hashlib.sha256(b"abc" + b"d" * 70000 + b"e").hexdigest()


def asleep(connection):
    """How many asked for /api/slow until now."""
    return connection.ask("GET /api/session\r\n" + COOKIE).json()["sleepers"]


def test_the_slow_hold_nobody_up():
    with Server(things=5, threads=1, queue=3) as server:
        with concurrent.futures.ThreadPoolExecutor(8) as pool, contextlib.ExitStack() as stack:
            connect = lambda: stack.enter_context(contextlib.closing(server.connect()))
            quick, others = connect(), [connect() for _ in range(8)]
            slow = [pool.submit(other.ask, "GET /api/slow?ms=2000\r\n" + COOKIE) for other in others]
            assert until(lambda: asleep(quick) == 8)
            assert quick.ask("GET /api/things/1\r\n" + COOKIE).status == 200
            assert not [one for one in slow if one.done() and one.result().status == 200]
            answers = [one.result() for one in slow]
        assert {answer.status for answer in answers} == {200, 503}
        busy = [answer for answer in answers if answer.status == 503]
        assert 1 <= len(busy) <= 4 and busy[0].code == "busy" and busy[0]["retry-after"] == "5"  # three run, three wait


def test_pages_and_their_coding():
    with Server() as server, contextlib.closing(server.connect()) as connection:
        page = connection.ask("GET /")
        assert page.status == 200 and page["content-type"] == "text/html; charset=utf-8" and b"<html" in page.body
        assert page["cache-control"] == "no-cache" and page["vary"] == "Accept-Encoding"
        again = connection.ask(f"GET /\r\nIf-None-Match: {page['etag']}\r\n")
        assert again.status == 304 and not again.body and again["content-security-policy"]
        assert connection.ask("GET /registers/change").body == page.body
        assert connection.ask("HEAD /").headers["content-length"] == str(len(page.body))
        assert connection.ask("POST /\r\n").status == 405
        script = re.search(rb'src="\.?(/assets/[^"]+)"', page.body)
        if script:  # built with its console
            name = script[1].decode()
            plain = connection.ask(f"GET {name}")
            packed = connection.ask(f"GET {name}\r\nAccept-Encoding: gzip\r\n")
            assert packed["content-encoding"] == "gzip" and gzip.decompress(packed.body) == plain.body
            assert "immutable" in plain["cache-control"]
            assert connection.ask(f"GET {name}\r\nAccept-Encoding: gzip, br\r\n")["content-encoding"] == "br"
        for path in ("/assets/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/etc/passwd", "/assets/none.js", "/.git/config"):
            assert connection.ask(f"GET {path}").status == 404, path


# ---- what is refused ----

def test_every_answer_carries_its_walls():
    with Server(things=2) as server:
        asked = ["GET /", "GET /api/things/1\r\n" + COOKIE, "GET /api/none", "GET /nothing.js", "DELETE /api/things/1\r\n" + CSRF,
                 "GET /api/things/1", "GET /api/document", "GET /\r\nHost: evil.example\r\n"]
        for head in asked:
            answer = server.ask(head)
            assert "default-src 'none'" in answer["content-security-policy"], head
            assert "unsafe-inline" not in answer["content-security-policy"] or head == "GET /api/document"
            assert "unsafe-eval" not in answer["content-security-policy"]
            assert answer["x-content-type-options"] == "nosniff" and answer["referrer-policy"] and answer["permissions-policy"]
            assert answer["cross-origin-opener-policy"] == answer["cross-origin-resource-policy"] == "same-origin"
            assert answer["strict-transport-security"].startswith("max-age=")
            assert answer["server"] is None
            if "/api" in head:
                assert answer["cache-control"] == "no-store"
        document = server.ask("GET /api/document")
        assert "sandbox" in document["content-security-policy"] and "script-src" not in document["content-security-policy"]
        assert document["content-disposition"].endswith("filename*=UTF-8''%E6%95%B4%E6%94%B9%20%E9%80%9A%E7%9F%A5%22.html")
        assert server.ask("POST /api/login\r\n" + JSON, "{}")["set-cookie"] == \
            "__Host-ward=good; Path=/; Secure; HttpOnly; SameSite=Strict"
        assert server.ask("DELETE /api/things/1\r\n" + CSRF)["allow"] == "GET, HEAD"


def test_forged_requests_change_nothing():
    with Server() as server:
        post = "POST /api/things\r\n" + JSON
        origin = f"https://localhost:{server.port}"
        body = '{"name": "forged"}'
        forged = [post + COOKIE, post + COOKIE + "X-Ward-CSRF: wrong\r\n", post + COOKIE + "X-Ward-CSRF: \r\n",
                  post + CSRF + "Origin: https://evil.example\r\n", post + CSRF + "Origin: null\r\n",
                  post + CSRF + f"Origin: https://localhost:{server.port + 1}\r\n",
                  post + CSRF + "Sec-Fetch-Site: cross-site\r\n", post + CSRF + "Sec-Fetch-Site: same-site\r\n",
                  "POST /api/login\r\n" + JSON + "Origin: https://evil.example\r\n",
                  post + "Authorization: Bearer key\r\nOrigin: https://evil.example\r\n"]
        for head in forged:
            answer = server.ask(head, body)
            assert answer.status == 403 and answer.code == "forbidden", (head, answer.body)
        strangers = [post, post + "Cookie: __Host-ward=bad\r\nX-Ward-CSRF: spell\r\n", post + "Cookie: __Host-WARD=good\r\n",
                     post + "Cookie: x=__Host-ward=good\r\n", post + "Cookie: __Host-ward=evil; __Host-ward=good\r\nX-Ward-CSRF: spell\r\n",
                     post + "Authorization: Bearer wrong\r\n", post + "Authorization: Basic key\r\n",
                     post + f"Cookie: __Host-ward={'g' * 5000}\r\n", post + "Cookie: __Host-ward=go\0od\r\nX-Ward-CSRF: spell\r\n"]
        for head in strangers:
            try:
                answer = server.ask(head, body)
            except (EOFError, OSError):
                continue  # a NUL in a header ends the connection
            assert answer.status in (400, 401), (head, answer.body)
        # The form of another site cannot say JSON, and a method cannot be put on over another.
        assert server.ask("POST /api/things\r\n" + CSRF + "Content-Type: text/plain\r\n", body).status == 400
        assert server.ask("POST /api/things/1\r\n" + CSRF + JSON + "X-HTTP-Method-Override: GET\r\n", "{}").status == 405
        assert server.ask("GET /api/things?_method=POST\r\n" + COOKIE).json()["rows"] == []
        assert server.ask(post + CSRF + f"Origin: {origin}\r\nSec-Fetch-Site: same-origin\r\n", body).status == 201
        assert server.ask(post + "Authorization: Bearer key\r\n", body).status == 201
        assert len(server.ask("GET /api/things\r\n" + COOKIE).json()["rows"]) == 2


def test_malformed_http():
    with Server(things=2, head=2) as server:
        wrong = ["GET / HTTP/1.1\r\n\r\n", "GET /api/things/1 HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
                 "GET /api/things/1 HTTP/1.1\r\nHost: \r\n\r\n", "GET /api/things/1 HTTP/1.1\r\nHost: a b\r\n\r\n",
                 "GET /api/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /api/%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 "GET /api/things/1 x HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 "GET /api/things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length : 5\r\n\r\nabcde",
                 "GET /api/things/1 HTTP/1.1\r\nHost: localhost\r\n X: folded\r\n\r\n",
                 "GET /api/../etc HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /api/%2e%2e%2f HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 "POST /api/things HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                 "POST /api/things HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1x\r\n\r\n{",
                 "POST /api/things HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
                 "POST /api/things HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 "GET /api/things/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
                 "\x16\x03\x01", "\r\n\r\n\r\n", "GET", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "A" * 70000,
                 "GET /api/things/1 HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n" * 9000 + "\r\n",
                 "GET /" + "a" * 40000 + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 "POST /api/file HTTP/1.1\r\nHost: localhost\r\n" + CSRF + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"]
        for text in wrong:
            with contextlib.closing(server.connect()) as connection:
                with contextlib.suppress(OSError):  # hung up on in the middle
                    connection.send(text)
                if connection.is_closed(0.5) or connection.rest:
                    first = connection.rest.split(b"\r\n")[0]
                    assert not first or re.match(rb"HTTP/1\.[01] (4\d\d|505) ", first), (text[:60], first)
        assert server.ask("GET /api/things/1\r\n" + COOKIE).status == 200


def test_no_request_hides_in_another():
    """What two servers in a row might count differently: what follows is never answered as a request of its own."""
    hidden = "GET /api/things/1 HTTP/1.1\r\nHost: localhost\r\n" + COOKIE + "\r\n"
    n = len(hidden)
    with Server(things=2) as server:
        for length in (f"Content-Length: +{n}", "Content-Length: -1", f"Content-Length: 0x{n:x}", f"Content-Length: {n}, {n}", "Content-Length: ",
                       f"Content-Length: {2**64 + n}", f"Content-Length: {n}\r\nContent-Length: 0", f"Content-Length: {n}\r\nTransfer-Encoding: chunked",
                       f"Transfer-Encoding: xchunked\r\nContent-Length: {n}", f"Content-Length : {n}"):
            with contextlib.closing(server.connect()) as connection:
                with contextlib.suppress(OSError):
                    connection.send("POST /api/things HTTP/1.1\r\nHost: localhost\r\n" + CSRF + JSON + length + "\r\n\r\n" + hidden)
                connection.is_closed(0.3)
                assert b" 200 " not in connection.rest, (length, connection.rest[:300])


def test_malformed_json_names_the_place():
    with Server() as server:
        for body, place in ((b"{", "body:1:2"), (b'{"name": "a",}', "body:1:14"), (b'{"name": "\xff"}', "body:1:11"), (b'\n\n"', "body:3:2"),
                            (b"[" * 500, "body:1:"), (b'{"name": 1e999}', "body:1:10"), (b"\xef\xbb\xbf{}", "body:1:")):
            answer = server.ask("POST /api/things\r\n" + CSRF + JSON, body)
            assert answer.status == 400 and answer.code == "malformed" and place in answer.json()["error"]["text"], (body, answer.body)
        answer = server.ask("POST /api/things\r\n" + CSRF + JSON + "Accept-Language: fr, zh-CN;q=0.8\r\n", b"{}")
        assert answer.status == 422 and answer.json()["error"]["fields"][0]["field"] == "name"


def test_too_large():
    with Server() as server:
        post = "POST /api/things\r\n" + CSRF + JSON
        # Said beforehand: refused before it is sent.
        answer = server.ask(post + f"Content-Length: {2 << 20}\r\nExpect: 100-continue\r\n")
        assert answer.status == 413 and answer.code == "large"
        # Not said: it ends where the limit is.
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with contextlib.closing(server.connect()) as connection:
            connection.send(f"{post.replace(chr(13) + chr(10), ' HTTP/1.1' + chr(13) + chr(10), 1)}Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            sent = 0
            with contextlib.suppress(OSError):
                while sent < 1000:
                    connection.send(chunk)
                    sent += 1
            assert sent < 200, "the server took 64 MB of a body of 1 MB"
        # A little too much, and the connection goes on.
        with contextlib.closing(server.connect()) as connection:
            connection.send(f"POST /api/things HTTP/1.1\r\nHost: localhost\r\n{CSRF}{JSON}Transfer-Encoding: chunked\r\n\r\n")
            connection.send(chunk * 17 + b"0\r\n\r\n")
            assert connection.answer().code == "large"
            assert connection.ask("GET /api/things\r\n" + COOKIE).json()["rows"] == []


def test_foreign_names():
    with Server(things=1) as server:
        for host in ("evil.example", "evil.example:443", "localhost.evil.example", "xn--80ak6aa92e.com"):
            answer = server.ask(f"GET /api/things/1\r\nHost: {host}\r\n" + COOKIE)
            assert answer.status == 421 and answer.code == "host", host
        for host in ("127.0.0.1", "LOCALHOST", "[::1]:8443", "192.0.2.1"):
            assert server.ask(f"GET /api/things/1\r\nHost: {host}\r\n" + COOKIE).status == 200


def test_too_often():
    with Server(rate=60, burst=10) as server:  # one a minute, ten at once
        answers = [server.ask("GET /api/document").status for _ in range(20)]
        assert answers[:10] == [200] * 10 and answers.count(429) >= 8, answers
    with Server(guess=60) as server:  # one a minute, five at once
        with contextlib.closing(server.connect()) as connection:
            answers = [connection.ask("POST /api/login\r\n" + JSON, "{}") for _ in range(8)]
            assert [answer.status for answer in answers] == [200] * 5 + [429] * 3
            assert answers[-1].code == "limit" and answers[-1]["retry-after"]
            assert connection.ask("GET /api/session\r\n" + COOKIE).status == 200  # who is in is not locked out


def test_who_sends_slowly_is_hung_up_on():
    with Server(head=1, idle=2) as server:
        drip = server.connect()
        silent = server.connect()
        waits = server.connect()
        assert waits.ask("GET /api/document").status == 200
        sent = []

        def send_slowly():
            with contextlib.suppress(OSError):
                for byte in "GET /api/document HTTP/1.1\r\nHost: localhost\r\n" + "X: y\r\n" * 100:
                    drip.send(byte)
                    sent.append(byte)
                    time.sleep(0.05)
        thread = threading.Thread(target=send_slowly)
        thread.start()
        assert silent.is_closed() and waits.is_closed()
        thread.join()
        assert len(sent) < 300, "who sends for half a minute was listened to"
        for connection in (drip, silent, waits):
            connection.close()
        assert server.ask("GET /api/document").status == 200


def test_one_address_has_so_many_connections():
    with Server(connections=10) as server:
        taken = []
        for _ in range(10):
            taken.append(server.connect())
        for _ in range(5):
            with contextlib.suppress(OSError, EOFError):
                connection = server.connect(timeout=1)
                connection.ask("GET /api/document")
                raise AssertionError("an eleventh connection was answered")
        taken.pop().close()
        assert until(lambda: answered(server))
        for connection in taken:
            connection.close()


def answered(server):
    try:
        return server.ask("GET /api/document", timeout=10).status == 200
    except (OSError, EOFError):
        return False


# ---- certificates ----

def test_certificates_are_looked_at():
    folder = temporary()
    expired = certificate(folder, "expired", activation_date='"2020-01-01 00:00:00"', expiration_date='"2020-02-01 00:00:00"')
    future = certificate(folder, "future", activation_date='"2090-01-01 00:00:00"', expiration_date='"2091-01-01 00:00:00"')
    good = certificate(folder)
    for pair, words in ((expired, "certificate ended on 2020-02-01"), (future, "begins only on 2090-01-01"),
                        ((good[0], expired[1]), "cannot be used"), ((good[1], good[1]), "cannot be used")):
        done = run([SERVER, folder, *pair])
        assert done.returncode == 1 and words in done.stderr, (words, done.stderr)


def test_a_new_certificate_without_a_pause():
    folder = temporary()
    pair = certificate(folder)
    with Server(folder, pair) as server:
        server.context = lambda: ssl._create_unverified_context()
        old = server.connect()
        before = old.sock.getpeercert(True)
        certificate(folder, serial="77")
        server.process.send_signal(signal.SIGHUP)

        def now():
            with contextlib.closing(server.connect()) as connection:
                return connection.sock.getpeercert(True)
        assert until(lambda: now() != before)
        assert now() == ssl.PEM_cert_to_DER_cert(pair[0].read_text())
        assert old.ask("GET /api/document").status == 200
        # A bad one is not taken.
        pair[0].write_text("nonsense")
        server.process.send_signal(signal.SIGHUP)
        assert until(lambda: "cannot be used" in server.said.read_text())
        assert server.ask("GET /api/document").status == 200
        old.close()


# ---- live ----

def test_changes_are_told_live():
    with Server() as server:
        stream = server.connect()
        stream.send(f"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n{COOKIE}\r\n")
        status, headers = stream.head()
        assert status == 200 and headers["content-type"] == "text/event-stream" and "content-security-policy" in headers
        assert stream.event()["event"] == "hello"
        made = server.ask("POST /api/things\r\n" + CSRF + JSON, '{"name": "a"}').json()["id"]
        event = stream.event()
        told = json.loads(event["data"])
        assert event["event"] == "change" and (told["kind"], told["object"], told["action"]) == ("thing", made, "create")
        stream.close()
        for name in "bc":
            server.ask("POST /api/things\r\n" + CSRF + JSON, json.dumps({"name": name}))
        # Back again: what was missed comes, what was heard does not.
        again = server.connect()
        again.send(f"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n{COOKIE}Last-Event-ID: {event['id']}\r\n\r\n")
        again.head()
        assert again.event()["event"] == "hello"
        assert [json.loads(again.event()["data"])["object"] for _ in range(2)] == [made + 1, made + 2]
        again.close()
        # From before a restart: load anew.
        other = server.connect()
        other.send(f"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n{COOKIE}Last-Event-ID: 00000000-5\r\n\r\n")
        other.head()
        assert [other.event()["event"] for _ in range(2)] == ["hello", "refetch"]
        # A few for each person, not more.
        more = []
        while True:
            one = server.connect()
            one.send(f"GET /api/stream HTTP/1.1\r\nHost: localhost\r\n{COOKIE}\r\n")
            status, _ = one.head()
            more.append(one)
            if status != 200:
                break
        assert status == 429 and 5 <= len(more) <= 9
        # The end of the server ends them.
        server.process.send_signal(signal.SIGTERM)
        assert other.is_closed()
        for connection in (*more, other):
            connection.close()


# ---- the end ----

def test_a_stop_finishes_what_was_begun():
    """Writers and slow requests under way are answered; what an answer said is in the records; nobody waits for the idle."""
    with Server(things=10, stop=60, idle=300) as server:
        answers, lost, stop = [], [], threading.Event()

        def write(n):
            with contextlib.suppress(OSError, EOFError):
                connection = server.connect()
                while not stop.is_set():
                    answer = connection.ask("POST /api/things\r\n" + CSRF + JSON, json.dumps({"name": f"writer {n}"}))
                    (answers if answer.status == 201 else lost).append(answer)
                    if answer.status != 201:
                        assert answer.status == 503 and answer["connection"] == "close"
                        return
        idle = server.connect()
        idle.ask("GET /api/document")
        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for thread in threads:
                thread.start()
            assert until(lambda: len(answers) > 50)
            slow = [pool.submit(server.ask, "GET /api/slow?ms=1500\r\n" + COOKIE) for _ in range(4)]
            slow += [pool.submit(server.ask, "POST /api/slow?ms=300\r\n" + CSRF) for _ in range(2)]
            assert until(lambda: asleep(idle) == 6)
            begin = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert [one.result().status for one in slow] == [200] * len(slow)
            server.process.wait(PATIENCE)
            assert time.monotonic() - begin < 50
        stop.set()
        for thread in threads:
            thread.join()
        idle.close()
    with Server(server.folder, server.pair) as again:
        for answer in answers:
            assert again.ask(f"GET /api/things/{answer.json()['id']}\r\n" + COOKIE).status == 200
