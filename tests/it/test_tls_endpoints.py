# SPDX-License-Identifier: MulanPSL-2.0
"""tls_endpoints beside servers of openssl's, in a network namespace of their own."""
import json
import re
import shlex

from harness import WARD, Skip, need_root, need_tool, run, temporary

SERVERS = {
    443: "-tls1_2",
    465: "-min_protocol TLSv1 -max_protocol TLSv1.2 -cipher ALL:@SECLEVEL=0",
    8443: "-tls1_3",
    9443: "-min_protocol TLSv1.2 -max_protocol TLSv1.3 -Verify 1",
}
VERSIONS = {443: ("TLS1.2", "TLS1.2"), 465: ("TLS1.0", "TLS1.2"), 8443: ("TLS1.3", "TLS1.3"), 9443: ("TLS1.2", "TLS1.3")}


def test_versions_and_certificates():
    need_root()
    openssl = need_tool("openssl")
    python = need_tool("python3")
    folder = temporary()
    made = run([openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out",
                folder / "cert.pem", "-days", "30", "-subj", "/CN=yb.example"])
    assert made.returncode == 0, made.stderr
    script = folder / "plain.py"
    # 993 never answers, 995 speaks first and closes, 12345 is nobody's port: what it is sent is kept.
    script.write_text(f"""
import socket, threading, sys
def serve(port, talk):
    s = socket.create_server(("127.0.0.1", port))
    while True:
        c, _ = s.accept()
        if talk:
            c.sendall(b"hello, this is not TLS\\r\\n"); c.close()
        else:
            open({str(folder)!r} + f"/asked-{{port}}", "wb").write(b"x"); threading.Thread(target=c.recv, args=(1000,)).start()
for port, talk in ((993, False), (995, True), (12345, False)):
    threading.Thread(target=serve, args=(port, talk), daemon=True).start()
threading.Event().wait()
""")
    query = "SELECT * FROM tls_endpoints ORDER BY port"
    coverage = ("SELECT c.status, c.reason, c.ms FROM (SELECT count(*) FROM tls_endpoints) CROSS JOIN coverage c "
                "WHERE c.table_name = 'tls_endpoints'")
    servers = "".join(f"{openssl} s_server -accept 127.0.0.1:{port} -cert {folder}/cert.pem -key {folder}/key.pem -quiet "
                      f"{options} >/dev/null 2>&1 & " for port, options in SERVERS.items())
    listening = f"while [ $(grep -c ' 0A ' /proc/net/tcp) -lt {len(SERVERS) + 3} ]; do sleep 0.05; done"
    for _ in range(4):  # a handshake has 300 ms; on a machine that does much else one may come too late
        done = run(["unshare", "-n", "-p", "-f", "--mount-proc", "sh", "-c", f"ip link set lo up; {servers} {python} {script} & {listening}; "
                    f"{shlex.quote(WARD)} sql --format json {shlex.quote(query)}; echo =====; "
                    f"{shlex.quote(WARD)} sql --format json {shlex.quote(coverage)}"])
        if done.stderr.startswith("unshare:"):
            raise Skip(done.stderr.strip())
        rows, told = (json.loads(part) for part in done.stdout.split("=====\n"))
        got = {row["port"]: (row["min_version"], row["max_version"]) for row in rows}
        if got == VERSIONS:
            break
    assert got == VERSIONS, done.stderr
    truth = run([openssl, "x509", "-in", folder / "cert.pem", "-noout", "-fingerprint", "-sha256"]).stdout
    digest = re.search("Fingerprint=(.*)", truth)[1].replace(":", "").lower()
    assert {row["sha256"] for row in rows} == {digest} and {row["subject"] for row in rows} == {"CN=yb.example"}
    assert told[0]["status"] == "partial" and "12345" in told[0]["reason"], told
    assert (folder / "asked-993").exists() and not (folder / "asked-12345").exists()
