# SPDX-License-Identifier: MulanPSL-2.0
"""Fingerprints, lengths and kinds of SSH keys against `ssh-keygen -l`."""
import pathlib

from harness import File, need_tool, run, sql, temporary, tree


def told(path):
    done = run([need_tool("ssh-keygen"), "-l", "-f", path])
    assert done.returncode == 0, done.stderr
    found = []
    for line in done.stdout.splitlines():
        bits, fingerprint, *_, kind = line.split()
        found.append((int(bits), fingerprint, kind.strip("()")))
    return found


def test_authorized_keys():
    folder = temporary()
    text = ""
    for kind, bits in (("rsa", 1024), ("rsa", 3072), ("ed25519", 0), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521),
                       ("dsa", 0)):
        path = folder / f"{kind}{bits}"
        more = ["-b", bits] if bits else []
        if run([need_tool("ssh-keygen"), "-q", "-N", "", "-t", kind, *more, "-f", path]).returncode == 0:
            text += (folder / f"{kind}{bits}.pub").read_text()
    root = tree({"etc/os-release": "ID=x\n", "etc/passwd": "a:x:7:7::/home/a:/bin/sh\n",
                 "home/a/.ssh/authorized_keys": File(text, mode=0o640)})
    rows = sql("SELECT * FROM authorized_keys", root)
    truth = told(root / "home/a/.ssh/authorized_keys")
    assert len(truth) >= 5
    assert [(row["bits"], row["fingerprint"], row["algorithm"]) for row in rows] == truth
    assert {row["mode"] for row in rows} == {0o640}


def test_host_keys_of_this_machine():
    rows = sql("SELECT * FROM ssh_host_keys WHERE type IS NOT NULL")
    for row in rows:
        assert told(row["path"] + ".pub") == [(row["bits"], row["fingerprint"], row["algorithm"])]
        assert row["mode"] == pathlib.Path(row["path"]).stat().st_mode & 0o7777
    if not pathlib.Path("/etc/ssh/sshd_config").exists():
        assert {row["path"] for row in rows} == {str(path)[:-4] for path in pathlib.Path("/etc/ssh").glob("*_key.pub")}
