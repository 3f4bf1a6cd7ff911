# SPDX-License-Identifier: MulanPSL-2.0
"""ward up: from the start to the first answer, and what it needs when nothing happens.

Resident memory is the sum of RSS over all processes: what several of them share (the program, libraries) counts for each, so it is more
than the machine really gives. PSS shares that out, and is shown beside it. The peer is nginx with one worker, TLS and a page of the
same size, which does nothing else.
"""
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import bench

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "it"))

import harness  # noqa: E402
from office import Office  # noqa: E402


def pids_of(pid):
    rows = [line.split() for line in subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True).stdout.splitlines()[1:]]
    return [pid] + [int(child) for child, parent in rows if int(parent) == pid]


def memory(pids):
    """(RSS, PSS) in bytes, over all of them."""
    rss = pss = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            rss += int(rest.split()[0]) * 1024 if name == "Rss" else 0
            pss += int(rest.split()[0]) * 1024 if name == "Pss" else 0
    return rss, pss


def cpu(pids):
    """Seconds of processor time so far."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / 100


def answers(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 1) as link, context.wrap_socket(link) as tls:
        tls.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return tls.recv(65536).startswith(b"HTTP/1.1 200")


def first_answer(folder):
    begin = time.monotonic()
    office = Office(folder, binary=harness.WARD_RELEASE).start()
    assert answers(office.port)
    return office, time.monotonic() - begin


def nginx(folder):
    """(process, port) of nginx on the same certificate, or None."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if not program:
        return None
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(f"""daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error;
events {{}} http {{ access_log off; server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/office/tls/server.crt;
ssl_certificate_key {folder}/office/tls/server.key; location / {{ return 200 "good"; }} }} }}""")
    return subprocess.Popen([program, "-c", config, "-p", folder], stderr=subprocess.DEVNULL), port


def bench_up():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ward-bench-"))
    office = None
    try:
        office, made = first_answer(folder / "office")
        office.stop()
        again = []
        for _ in range(5):
            if office.process.poll() is None:
                office.stop()
            office, seconds = first_answer(folder / "office")
            again.append(seconds)
        time.sleep(15)  # the first inspection, what follows from it
        pids = pids_of(office.process.pid)
        rss, pss = memory(pids)
        before, begin = cpu(pids), time.monotonic()
        time.sleep(20)
        load = (cpu(pids) - before) / (time.monotonic() - begin) * 100
        peer = nginx(folder)
        peer_rss = None
        if peer:
            time.sleep(1)
            peer_rss = memory(pids_of(peer[0].pid))[0]
            peer[0].terminate()
            peer[0].wait()
        again.sort()
        nginx_words = f"nginx: {peer_rss / 1e6:.0f} MB" if peer_rss else ""
        return [
            bench.row("ward up, an office that is there: start to the first answer over TLS", f"{again[2] * 1000:.0f} ms", "<= 300 ms",
                      again[2] <= 0.3),
            bench.row("  the first time (keys, certificate, tables)", f"{made * 1000:.0f} ms", "", None),
            bench.row("  idle: resident over all processes (RSS)", f"{rss / 1e6:.0f} MB", "<= 80 MB", rss <= 80e6, nginx_words),
            bench.row("  idle: what they really take (PSS)", f"{pss / 1e6:.0f} MB", "", None),
            bench.row("  idle: processor", f"{load:.2f} %", "<= 0.5 %", load <= 0.5),
        ]
    finally:
        if office and office.process.poll() is None:
            office.stop(None)
        shutil.rmtree(folder, ignore_errors=True)
