# SPDX-License-Identifier: MulanPSL-2.0
"""The console in Chromium with a cold cache, on loopback: when the first page can be used, and what came over the network for it.

tests/browser/first_page.mjs counts what the browser itself says was transferred (Network.loadingFinished). The peer is the same browser with a
page of one line, which is what the browser alone takes.
"""
import http.server
import json
import pathlib
import subprocess
import sys
import threading

import bench

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "it"))

RUNS = 5
NOTHING = b"<!doctype html><title>nothing</title><form><input></form>"


class Nothing(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(NOTHING)))
        self.end_headers()
        self.wfile.write(NOTHING)

    def log_message(self, *_):
        pass


def look(node, address, *session):
    script = bench.ROOT / "tests" / "browser" / "first_page.mjs"
    done = subprocess.run([node, script, address, str(RUNS), *session], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise bench.CannotMeasure(f"the browser said: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


def bench_first_page():
    import harness
    from office import Office
    from test_console import need_browser
    try:
        node = need_browser()
    except harness.Skip as why:
        raise bench.CannotMeasure(str(why)) from why
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        peer = look(node, f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
    with Office(binary=harness.WARD_RELEASE) as office:
        client = office.first()
        address = f"https://127.0.0.1:{office.port}/"
        pages = [("the login page", look(node, address)), ("home of who is logged in", look(node, address, client.cookie))]
    return [bench.row(f"console, cold cache: {what} can be used", f"{page['ms']:.0f} ms, {page['bytes'] / 1000:.0f} kB in {page['requests']} requests",
                      "<= 1000 ms, <= 600 kB", page["ms"] <= 1000 and page["bytes"] <= 600e3, f"an empty page {peer['ms']:.0f} ms") for what, page in pages]
