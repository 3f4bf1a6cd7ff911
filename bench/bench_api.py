# SPDX-License-Identifier: MulanPSL-2.0
"""The server over TLS with 200 clients that keep their connections: what it takes to read, list and write.

bench/load.c asks at a fixed rate, each request at its moment, and counts from that moment; then once as fast as the server answers. The
routes are those of tests/web_server.c, on the same records, journal and server as `ward up`. The peer is nginx, which gives a file of the
same size over TLS and keeps no records.
"""
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import bench

CLIENTS, SECONDS, ROWS = 200, 6, 1_000_000
COOKIE = "Cookie: __Host-ward=good"
WRITE = (COOKIE, "X-Ward-CSRF: spell", "Content-Type: application/json")


def certificate(folder):
    key, pem, template = folder / "key.pem", folder / "cert.pem", folder / "template"
    template.write_text('cn = "localhost"\ndns_name = "localhost"\nip_address = "127.0.0.1"\nexpiration_days = 3\ntls_www_server\nsigning_key\n')
    certtool = bench.need("certtool")
    subprocess.run([certtool, "--generate-privkey", "--key-type", "ecdsa", "--curve", "secp256r1", "--outfile", key], check=True,
                   capture_output=True)
    subprocess.run([certtool, "--generate-self-signed", "--load-privkey", key, "--template", template, "--outfile", pem], check=True,
                   capture_output=True)
    return pem, key


def load(port, rate, method, path, body="", headers=(COOKIE,), seconds=SECONDS):
    done = subprocess.run([bench.build("bench/load"), str(port), str(CLIENTS), str(seconds), str(rate), method, path, body, *headers],
                          capture_output=True, text=True, check=False)
    if not done.stdout:
        raise bench.CannotMeasure(f"load said: {done.stderr.strip()[-300:]}")
    result = json.loads(done.stdout)
    if result["failed"]:
        raise bench.CannotMeasure(f"{result['failed']} of {result['requests']} failed: {done.stderr.strip()[-300:]}")
    return result


def nginx(folder, pair):
    """Answers a second of as many reads as nginx can, of 80 bytes; None without it."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if not program:
        return None
    (folder / "www").mkdir()
    (folder / "www" / "thing").write_text("x" * 80)
    (folder / "nginx.conf").write_text(
        f"worker_processes 2; daemon off; pid {folder}/pid; error_log {folder}/log; events {{ worker_connections 1024; }}\n"
        f"http {{ access_log off; keepalive_requests 100000000; server {{ listen 127.0.0.1:18471 ssl; ssl_certificate {pair[0]};"
        f" ssl_certificate_key {pair[1]}; root {folder}/www; }} }}\n")
    process = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        return load(18471, 0, "GET", "/thing", headers=(), seconds=3)["rate"]
    finally:
        process.terminate()
        process.wait()


def bench_api():
    program = bench.build("bench/web_server")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        pair = certificate(folder)
        (folder / "records").mkdir()
        server = subprocess.Popen([program, folder / "records", *pair, f"things={ROWS}", f"connections={2 * CLIENTS}"],
                                  stdout=subprocess.PIPE, text=True)
        try:
            port = int(server.stdout.readline().split()[1])
            read = load(port, 5000, "GET", "/api/things/{n}")
            many = load(port, 1000, "GET", "/api/things?after={n}")
            write = load(port, 2000, "POST", "/api/things", '{"name": "thing {n}"}', WRITE)
            most_reads = load(port, 0, "GET", "/api/things/{n}")["rate"]
            most_writes = load(port, 0, "POST", "/api/things", '{"name": "thing {n}"}', WRITE)["rate"]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
        peer = nginx(folder, pair)
    beside = f"nginx gives {peer:,.0f} files/s" if peer else "no nginx here"
    return [
        bench.row(f"API, {CLIENTS} clients over TLS, 5,000 reads/s by id: p99", f"{read['p99']:.1f} ms", "<= 5 ms", read["p99"] <= 5,
                  f"p50 {read['p50']:.1f}"),
        bench.row(f"API, 1,000 lists/s of 50 from {ROWS:,} rows: p99", f"{many['p99']:.1f} ms", "<= 25 ms", many["p99"] <= 25,
                  f"p50 {many['p50']:.1f}"),
        bench.row("API, 2,000 durable writes/s with journal: p99", f"{write['p99']:.1f} ms", "<= 25 ms", write["p99"] <= 25,
                  f"p50 {write['p50']:.1f}"),
        bench.row("API, reads as fast as answered", f"{most_reads:,.0f}/s", ">= 5,000/s", most_reads >= 5000, beside),
        bench.row("API, durable writes as fast as answered", f"{most_writes:,.0f}/s", ">= 2,000/s", most_writes >= 2000, ""),
    ]
