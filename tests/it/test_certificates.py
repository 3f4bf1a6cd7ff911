# SPDX-License-Identifier: MulanPSL-2.0
"""certificates beside `openssl x509`."""
import calendar
import re
import time

from harness import need_tool, run, sql, temporary

KINDS = {
    "rsa": ["-newkey", "rsa:2048", "-sha256"],
    "weak": ["-newkey", "rsa:1024", "-sha1"],
    "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "ed": ["-newkey", "ed25519"],
}


def seconds(text):
    return calendar.timegm(time.strptime(text, "%b %d %H:%M:%S %Y GMT"))


def described(openssl, path):
    text = run([openssl, "x509", "-in", path, "-noout", "-subject", "-issuer", "-dates", "-fingerprint", "-sha256",
                "-serial", "-nameopt", "RFC2253,-esc_msb,utf8"]).stdout
    found = dict(line.split("=", 1) for line in text.splitlines())
    return {
        "subject": found["subject"], "issuer": found["issuer"],
        "not_before": seconds(found["notBefore"]), "not_after": seconds(found["notAfter"]),
        "sha256": found["sha256 Fingerprint"].replace(":", "").lower(), "serial": found["serial"].lower(),
    }


def test_openssl_says_the_same():
    openssl = need_tool("openssl")
    root = temporary()
    (root / "etc/ssl").mkdir(parents=True)
    (root / "etc/os-release").write_text("ID=debian\n")
    for name, options in KINDS.items():
        made = run([openssl, "req", "-x509", *options, "-nodes", "-keyout", root / f"etc/ssl/{name}.key", "-out",
                    root / f"etc/ssl/{name}.pem", "-days", "30", "-utf8", "-subj", f"/C=VN/O=Cơ quan BHXH/CN={name}",
                    "-addext", "subjectAltName=DNS:a.example,IP:192.0.2.7"])
        assert made.returncode == 0, made.stderr
    rows = {row["path"].rsplit("/", 1)[1].split(".")[0]: row
            for row in sql("SELECT * FROM certificates WHERE kind = 'certificate'", root=root)}
    assert set(rows) == set(KINDS)
    for name, row in rows.items():
        truth = described(openssl, root / f"etc/ssl/{name}.pem")
        assert {key: row[key] for key in truth} == truth
        assert row["self_signed"] == 1 and row["san"] == "DNS:a.example, IP:192.0.2.7"
    assert [(rows[n]["key_alg"], rows[n]["key_bits"]) for n in KINDS] == [
        ("RSA", 2048), ("RSA", 1024), ("EC", 384), ("Ed25519", 256)]
    assert rows["weak"]["sig_alg"] == "RSA-SHA1"
    keys = sql("SELECT * FROM certificates WHERE kind = 'key'", root=root)
    assert len(keys) == len(KINDS) and all(row["mode"] == "0600" and row["subject"] is None for row in keys)


def test_the_trust_store_of_this_machine():
    openssl = need_tool("openssl")
    rows = sql("SELECT sha256, not_after FROM certificates WHERE path = '/etc/ssl/certs/ca-certificates.crt'")
    try:
        with open("/etc/ssl/certs/ca-certificates.crt", encoding="ascii") as file:
            blocks = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", file.read(), re.DOTALL)
    except FileNotFoundError:
        blocks = []
    assert len(rows) == len(blocks)
    for row, block in list(zip(rows, blocks))[:5]:
        text = run([openssl, "x509", "-noout", "-fingerprint", "-sha256", "-enddate"], input=block).stdout
        assert row["sha256"] == re.search("Fingerprint=(.*)", text)[1].replace(":", "").lower()
        assert row["not_after"] == seconds(re.search("notAfter=(.*)", text)[1])
