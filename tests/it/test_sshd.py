# SPDX-License-Identifier: MulanPSL-2.0
"""sshd_config against `sshd -T`, of this machine and of many small configurations."""
import os

from harness import Skip, need_root, need_tool, run, sql, temporary, tree

CASES = [
    "", "Port=2222", "Port = 2222\nPort 22", "LoginGraceTime 1h30m", "LoginGraceTime 0", "AllowUsers a b@c\nAllowUsers d",
    "DenyGroups x\nDenyGroups y z", "Ciphers -*cbc*,aes128*", "Ciphers +aes128-cbc", "Ciphers ^aes256-ctr",
    "Ciphers aes256-ctr", "MACs -*sha1*,umac-64*", "KexAlgorithms -diffie*", "ListenAddress 10.0.0.1",
    "ListenAddress 10.0.0.1:2022\nListenAddress ::1", "Port 22\nPort 2200\nListenAddress 127.0.0.1",
    "ListenAddress [::1]:99", "AddressFamily inet", "Port 2222\nAddressFamily inet6",
    'PermitRootLogin "no"', "PermitRootLogin No", "PermitRootLogin yes\nPermitRootLogin no",
    "permitrootlogin without-password", "PermitRootLogin prohibit-password", "SetEnv A=1 B=2",
    "UnusedConnectionTimeout 5m", "LogLevel verbose", "SyslogFacility local3", "Compression delayed",
    "GatewayPorts clientspecified", "AllowTcpForwarding local", "AllowTcpForwarding all",
    "ChallengeResponseAuthentication no", "PermitTunnel ethernet", "StreamLocalBindMask 077",
    "Subsystem sftp internal-sftp -l INFO", "ClientAliveInterval 5m", "MaxAuthTries 3 # x",
    "AuthenticationMethods publickey,password publickey", 'ForceCommand echo "a b" c', "VersionAddendum hello world",
    "PermitOpen a:1 b:2", "IgnoreRhosts shosts-only", "AcceptEnv LANG LC_*\nAcceptEnv X", "Protocol 2",
    'Banner "/etc/issue net"', "Banner '/a b'", "AuthorizedKeysFile /etc/keys/%u .ssh/a", "   MaxSessions\t4   ",
    "HostKey /etc/ssh/ssh_host_ed25519_key", "# PermitRootLogin yes\n\n", "X11Forwarding yes\r\nUseDNS yes\r\n",
    "MaxStartups 10:30:60", "RekeyLimit 0 0", "PubkeyAcceptedKeyTypes -ssh-ed25519*", "UsePAM yes",
    "Match user nobody\nPermitRootLogin yes\nMatch all\nX11Forwarding yes",
]


def told(config):
    """key -> list of values, by sshd itself; /run/sshd has to be there, in a mount namespace of its own."""
    need_root()
    done = run([need_tool("unshare"), "-m", "sh", "-c", "mount -t tmpfs none /run && mkdir /run/sshd && "
                f"{need_tool('sshd')} -T -C user=root,host=x,addr=192.0.2.7 -f {config}"])
    if done.returncode and "sshd" not in done.stderr and "line" not in done.stderr:
        raise Skip(f"no mount namespace: {done.stderr.strip()[:80]}")
    assert done.returncode == 0, done.stderr
    found = {}
    for line in done.stdout.splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value)
    return found


def compare(rows, truth):
    found = {}
    for row in rows:
        found.setdefault(row["key"], []).append(row["value"])
    for key, values in truth.items():
        if key == "permitrootlogin":
            values = [value.replace("without-password", "prohibit-password") for value in values]
        if key == "hostkey" and not any(os.path.exists(value) for value in values):
            continue
        assert key in found, f"{key} is missing: {values}"
        assert sorted(found[key]) == sorted(values), f"{key}: sshd {values}, ward {found[key]}"


def status():
    """A package database that says 9.2; otherwise the comparison would be with other defaults."""
    if "OpenSSH_9.2" not in run([need_tool("sshd"), "-V"]).stderr:
        raise Skip("sshd is not OpenSSH 9.2")
    return "Package: openssh-server\nStatus: install ok installed\nVersion: 1:9.2p1-2+deb12u9\n\n"


def test_this_machine():
    compare(sql("SELECT * FROM sshd_config WHERE match_ctx IS NULL"), told("/etc/ssh/sshd_config"))


def test_small_configurations():
    package = status()
    for case in CASES:
        folder = temporary()
        (folder / "c").write_text(case + "\n")
        root = tree({"etc/os-release": "ID=debian\n", "var/lib/dpkg/status": package, "etc/ssh/sshd_config": case})
        rows = sql("SELECT * FROM sshd_config WHERE match_ctx IS NULL", root)
        for row in sql("SELECT * FROM sshd_config WHERE match_ctx = 'all'", root):
            rows = [old for old in rows if old["key"] != row["key"]] + [row]
        try:
            compare(rows, told(folder / "c"))
        except AssertionError as wrong:
            raise AssertionError(f"{case!r}: {wrong}") from None


def test_match_blocks():
    root = tree({"etc/os-release": "ID=debian\n", "var/lib/dpkg/status": status(), "etc/ssh/sshd_config": """
Include conf.d/*.conf
PermitRootLogin no
Match User=bao,hanh  Address 10.0.0.0/8
    PasswordAuthentication no
    Include inner
    PasswordAuthentication yes
Match group "sftp users"
    ForceCommand internal-sftp
""", "etc/ssh/conf.d/10.conf": "X11Forwarding yes\nMatch all\nBanner none\n",
                 "etc/ssh/conf.d/20.conf": "X11Forwarding no\nPermitRootLogin yes\n",
                 "etc/ssh/inner": "MaxSessions 1\nMatch Host x\nMaxSessions 2\n"})
    rows = sql("SELECT key, value, match_ctx, file, line FROM sshd_config WHERE match_ctx IS NOT NULL OR "
               "key IN ('x11forwarding', 'permitrootlogin')", root)
    assert [tuple(row.values()) for row in rows] == [
        ("permitrootlogin", "yes", None, "/etc/ssh/conf.d/20.conf", 2),
        ("x11forwarding", "yes", None, "/etc/ssh/conf.d/10.conf", 1),
        ("banner", "none", "all", "/etc/ssh/conf.d/10.conf", 3),
        ("passwordauthentication", "no", "user bao,hanh address 10.0.0.0/8", "/etc/ssh/sshd_config", 5),
        ("maxsessions", "1", "user bao,hanh address 10.0.0.0/8", "/etc/ssh/inner", 1),
        ("maxsessions", "2", "user bao,hanh address 10.0.0.0/8 && host x", "/etc/ssh/inner", 3),
        ("forcecommand", "internal-sftp", "group sftp users", "/etc/ssh/sshd_config", 9)], rows


def test_what_sshd_refuses_is_not_understood():
    for line in ("PermitRootLogin maybe", "NoSuchKeyword yes", "Banner a b", 'Banner "open', "UsePAM True",
                 "Match all\nPort 22", "LoginGraceTime x"):
        root = tree({"etc/os-release": "ID=debian\n", "var/lib/dpkg/status": status(), "etc/ssh/sshd_config": line})
        rows = sql("SELECT c.status FROM (SELECT count(*) FROM sshd_config) CROSS JOIN coverage c "
                   "WHERE table_name = 'sshd_config'", root)
        assert rows == [{"status": "partial"}], line
