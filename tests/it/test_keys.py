# SPDX-License-Identifier: MulanPSL-2.0
"""ward keys: make, list, export; openssl reads what is exported."""
import base64
import json

from harness import environment, need_tool, run, temporary, ward


def test_create_list_export():
    keys = temporary() / "var" / "ward" / "keys"
    assert ward("keys", "list", "--dir", keys).stdout.startswith("no keys in ")
    done = ward("keys", "create", "--dir", keys)
    assert done.returncode == 0 and "ward-key-1 ed25519 " in done.stdout
    assert ward("keys", "create", "--dir", keys, "--algorithm", "sm2", "county").returncode == 0
    rows = json.loads(ward("keys", "list", "--dir", keys, "-f", "json").stdout)
    assert [(row["name"], row["algorithm"], row["private"]) for row in rows] == [("archive", "ed25519", True), ("county", "sm2", True)]
    assert ward("keys", "export", "--dir", keys, "county").stdout.strip() == rows[1]["key"]
    assert oct((keys / "archive.key").stat().st_mode)[-4:] == "0600"
    secret = (keys / "archive.key").read_text().split()[2]
    assert secret not in done.stdout


def test_never_replaced():
    keys = temporary() / "keys"
    ward("keys", "create", "--dir", keys)
    again = ward("keys", "create", "--dir", keys)
    assert again.returncode == 2 and "already" in again.stderr
    assert ward("keys", "create", "--dir", keys, "../x").returncode == 2
    assert ward("keys", "export", "--dir", keys, "nobody").returncode == 2


def test_secret_belongs_to_the_public_key():
    """The 32 bytes of an Ed25519 key file are the secret of RFC 8032: openssl derives the same public key."""
    openssl = need_tool("openssl")
    keys = temporary() / "keys"
    ward("keys", "create", "--dir", keys)
    secret = base64.b64decode((keys / "archive.key").read_text().split()[2])
    (keys / "pkcs8").write_bytes(bytes.fromhex("302e020100300506032b657004220420") + secret)
    done = run([openssl, "pkey", "-inform", "DER", "-in", keys / "pkcs8", "-pubout", "-outform", "DER"], text=False,
               env=environment())
    assert base64.b64encode(done.stdout[-32:]).decode() == ward("keys", "export", "--dir", keys).stdout.split()[2]
