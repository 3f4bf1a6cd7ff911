# SPDX-License-Identifier: MulanPSL-2.0
"""ward archive and ward verify from the command line: files in, proof, the same records out; copies to a stand-in of S3 that checks
every signature by itself."""
import hashlib
import hmac
import http.server
import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from harness import WARD, environment, temporary, ward

LINES = [f"Nov 23 03:{n // 60 % 60:02}:{n % 60:02} his01 sshd[{n}]: Failed password for user{n % 17} from 10.0.0.{n % 250} port {n * 7}"
         for n in range(3000)]


def keys(folder):
    assert ward("keys", "create", "archive", "--dir", folder / "keys").returncode == 0
    return ["--keys", folder / "keys", "--key", "archive"]


def filled(folder, lines):
    sign = keys(folder)
    (folder / "auth.log").write_text("\n".join(lines) + "\n")
    assert ward("archive", "create", "-a", folder / "a", *sign).returncode == 0
    done = ward("archive", "add", "-a", folder / "a", *sign, folder / "auth.log")
    assert done.returncode == 0 and f"{len(lines)} records" in done.stdout, done.stderr
    return folder / "a", sign


def test_what_goes_in_comes_out_and_is_proven():
    folder = temporary()
    archive, _ = filled(folder, LINES)
    done = ward("search", "-a", archive, "-f", "raw", "--reverse", "his01")
    assert sorted(done.stdout.splitlines()) == sorted(LINES)
    done = ward("verify", archive, "--key", folder / "keys/archive.pub", "--write-head", folder / "head", "-f", "json")
    proof = json.loads(done.stdout)
    assert done.returncode == 0 and proof["good"] and proof["records"] == 3000 and proof["not_sealed"] == 0, proof
    assert ward("archive", "head", "-a", archive).stdout == (folder / "head").read_text()
    status = json.loads(ward("archive", "status", "-a", archive, "-f", "json").stdout)
    assert status["days"][0]["records"] == 3000
    # A signed archive is not gone on with unsigned by mistake.
    done = ward("archive", "add", "-a", archive, folder / "auth.log")
    assert done.returncode == 2 and "--key" in done.stderr


def test_a_changed_byte_is_named_in_three_languages():
    folder = temporary()
    archive, _ = filled(folder, LINES)
    day = next(archive.glob("20*.ward"))
    with sqlite3.connect(day) as db:
        data = bytearray(db.execute("SELECT data FROM block_data WHERE number=1").fetchone()[0])
        data[len(data) // 2] ^= 1
        db.execute("UPDATE block_data SET data=? WHERE number=1", (bytes(data),))
    for lang, words in (("en", f"{day.stem}, block 1: its data is not what was sealed"), ("zh-CN", f"{day.stem}，第 1 块：数据与封存时不同"),
                        ("vi", f"{day.stem}, khối 1: dữ liệu không như khi niêm phong")):
        done = ward("verify", archive, "--lang", lang)
        assert done.returncode == 1 and done.stdout.startswith(words), done.stdout
    assert ward("verify", folder / "nowhere").returncode == 2
    (folder / "bad.pub").write_text("nonsense")
    assert ward("verify", archive, "--key", folder / "bad.pub").returncode == 2


def test_time_and_host_of_files_are_those_of_their_events():
    """Found out by content/sources, as detection does: the keys stand where Windows' shippers write them."""
    folder = temporary()
    sign = keys(folder)
    event = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "Hostname": "WORKSTATION5", "Image": "C:\\x.exe",
             "UtcTime": "2020-10-23 07:01:02.345", "@timestamp": "2020-10-23T07:01:09.000Z"}
    (folder / "sysmon.json").write_text(json.dumps(event) + "\n")
    assert ward("archive", "create", "-a", folder / "a", *sign).returncode == 0
    assert ward("archive", "add", "-a", folder / "a", *sign, folder / "sysmon.json").returncode == 0
    for query, found in (("host:WORKSTATION5", "1"), ("host:nobody", "0")):
        done = ward("search", "-a", folder / "a", "--count", "--since", "2020-10-23", "--until", "2020-10-23", query)
        assert done.stdout.split()[0] == found, (query, done.stdout)


def test_kill_while_files_are_read_in():
    folder = temporary()
    archive, sign = filled(folder, LINES[:10])
    (folder / "big.log").write_text("\n".join(LINES * 30) + "\n")
    rng = random.Random(5)
    for _ in range(4):
        with subprocess.Popen([WARD, "archive", "add", "-a", archive, *sign, folder / "big.log"], env=environment(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(rng.uniform(0.05, 1.0))
            process.send_signal(signal.SIGKILL)
        done = ward("verify", archive, "--key", folder / "keys/archive.pub")
        assert done.returncode == 0, done.stdout


class Bucket(http.server.BaseHTTPRequestHandler):
    """Keeps objects in memory; a request must be signed with the secret "sesame" as Signature Version 4 says."""
    objects, lie = {}, False

    def signed(self, body):
        authority = self.headers["Authorization"]
        fields = dict(part.strip().split("=", 1) for part in authority.removeprefix("AWS4-HMAC-SHA256 ").split(","))
        access, day, region, service, end = fields["Credential"].split("/")
        names = fields["SignedHeaders"].split(";")
        canonical = "\n".join([self.command, self.path.split("?")[0], "",
                               *(f"{name}:{' '.join(self.headers[name].split())}" for name in names), "", ";".join(names),
                               self.headers["x-amz-content-sha256"]])
        to_sign = "\n".join(["AWS4-HMAC-SHA256", self.headers["x-amz-date"], f"{day}/{region}/{service}/{end}",
                             hashlib.sha256(canonical.encode()).hexdigest()])
        key = b"AWS4sesame"
        for part in (day, region, service, end):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        good = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest() == fields["Signature"]
        return (good and access == "ali" and region == "cn-test" and service == "s3"
                and self.headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest())

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.signed(body):
            self.answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
            return
        self.objects[self.path] = body
        self.answer(200)

    def do_GET(self):
        body = self.objects.get(self.path)
        if not self.signed(b""):
            self.answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        elif body is None:
            self.answer(404)
        else:
            self.answer(200, body[:-1] + b"!" if Bucket.lie else body)

    def log_message(self, *_args):
        pass


def test_copies_to_s3_are_signed_and_read_back():
    folder = temporary()
    archive, sign = filled(folder, LINES)
    day = next(archive.glob("20*.ward"))
    day.rename(archive / "2020-01-01.ward")  # a day that is over
    (folder / "one.log").write_text(LINES[0] + "\n")
    assert ward("archive", "add", "-a", archive, *sign, folder / "one.log").returncode == 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def copy(secret, prefix):
        return ward("archive", "copy", "-a", archive, *sign, f"s3://logs/{prefix}", "--endpoint",
                    f"http://127.0.0.1:{server.server_port}", "--region", "cn-test",
                    env={**environment(), "AWS_ACCESS_KEY_ID": "ali", "AWS_SECRET_ACCESS_KEY": secret})

    done = copy("sesame", "his 01/a")
    assert done.returncode == 0, done.stderr
    assert Bucket.objects["/logs/his%2001/a/2020-01-01.ward"] == (archive / "2020-01-01.ward").read_bytes()
    assert "/logs/his%2001/a/archive.ward" in Bucket.objects
    assert "already" in copy("sesame", "his 01/a").stdout
    done = copy("wrong", "b")
    assert done.returncode == 2 and "SignatureDoesNotMatch" in done.stderr and "wrong" not in done.stderr
    Bucket.lie = True
    done = copy("sesame", "c")
    assert done.returncode == 2 and "differs" in done.stderr
    server.shutdown()
    done = ward("archive", "copy", "-a", archive, *sign, "s3://logs/x", env={key: value for key, value in environment().items()
                                                                            if not key.startswith("AWS_")})
    assert done.returncode == 2 and "AWS_ACCESS_KEY_ID" in done.stderr


def copy_of(archive, name):
    copy = archive.parent / name
    shutil.copytree(archive, copy)
    return copy, next(copy.glob("20*.ward"))


def test_a_search_shows_no_forged_records():
    """Somebody with root and the public key, but without the private one: what a search says, and what verify says."""
    folder = temporary()
    archive, sign = filled(folder, LINES)
    other = folder / "other"
    forged = [line.replace("Failed", "Accepted") for line in LINES]
    (folder / "forged.log").write_text("\n".join(forged) + "\n")
    strange = ["--keys", folder / "strange", "--key", "archive"]
    assert ward("keys", "create", "archive", "--dir", folder / "strange").returncode == 0
    assert ward("archive", "create", "-a", other, *strange).returncode == 0
    assert ward("archive", "add", "-a", other, *strange, folder / "forged.log").returncode == 0
    theirs = next(other.glob("20*.ward"))

    def exchange(day, sql, *values):
        with sqlite3.connect(day) as db:
            db.execute("ATTACH ? AS theirs", (str(theirs),))
            db.execute(sql, values)

    def digests_mended(day):
        """The other block's data and filter, and a statement that names them: only the signature is wrong."""
        for part in ("data", "filter"):
            exchange(day, f"UPDATE block_{part} SET data=(SELECT data FROM theirs.block_{part} WHERE number=1) WHERE number=1")
        with sqlite3.connect(day) as db:
            statement = db.execute("SELECT statement FROM block WHERE number=1").fetchone()[0]
            for part in ("data", "filter"):
                data = db.execute(f"SELECT data FROM block_{part} WHERE number=1").fetchone()[0]
                statement = re.sub(rf"(?m)^{part} .*$", f"{part} {hashlib.sha256(data).hexdigest()}", statement)
            db.execute("UPDATE block SET statement=? WHERE number=1", (statement,))

    def a_bit(day):
        with sqlite3.connect(day) as db:
            data = bytearray(db.execute("SELECT data FROM block_data WHERE number=1").fetchone()[0])
            data[len(data) // 2] ^= 1
            db.execute("UPDATE block_data SET data=? WHERE number=1", (bytes(data),))

    for number, forge in enumerate((digests_mended, a_bit, lambda day: shutil.copy(theirs, day),
                                    lambda day: exchange(day, "UPDATE block SET records=7"))):
        copy, day = copy_of(archive, f"copy{number}")
        forge(day)
        done = ward("search", "-a", copy, "-f", "raw", "his01")
        assert done.returncode == 2 and not done.stdout and "it is not what was sealed" in done.stderr, (number, done)
        assert ward("verify", copy, "--key", folder / "keys/archive.pub").returncode == 1, number
    # The key in the archive exchanged, too: a search believes it; who keeps the public key elsewhere does not.
    shutil.copytree(other, folder / "whole")
    assert len(ward("search", "-a", folder / "whole", "-f", "raw", "Accepted").stdout.splitlines()) == len(LINES)
    done = ward("verify", folder / "whole", "--key", folder / "keys/archive.pub")
    assert done.returncode == 1 and "not among those that are trusted" in done.stdout
    done = ward("verify", folder / "whole")
    assert done.returncode == 0 and "a public key kept elsewhere" in done.stdout
    # What is gone without a trace: only a head that was written down tells, and verify says so.
    assert ward("verify", archive, "--write-head", folder / "head").returncode == 0
    copy, day = copy_of(archive, "cut")
    day.unlink()
    assert "not proven: that nothing newer was cut off" in ward("verify", copy).stdout
    assert ward("verify", copy, "--head", folder / "head").returncode == 1
