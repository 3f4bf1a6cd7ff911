# SPDX-License-Identifier: MulanPSL-2.0
"""sockets and listening against ss, with sockets of our own that stay."""
import os
import re
import socket
import subprocess
import sys

from harness import Skip, need_root, need_tool, run, sql, steadily

LINE = re.compile(r"(\S+)\s+\S+\s+\d+\s+\d+\s+(\S+):(\d+|\*)\s+(\S+):(\d+|\*)\s*(.*)")


def plain(address):
    """ss shows [::]%eth0, *, [::ffff:1.2.3.4]."""
    address = re.sub(r"%.*$", "", address).strip("[]")
    return "::" if address == "*" else address


def of_ss(arguments):
    """(protocol, address, port) -> set of pids, as ss tells."""
    found = {}
    for line in run([need_tool("ss"), arguments]).stdout.splitlines():
        match = LINE.match(line)
        assert match, line
        key = match[1], plain(match[2]), int(match[3])
        found.setdefault(key, set()).update(int(pid) for pid in re.findall(r"pid=(\d+)", match[6]))
    return found


@steadily
def test_listening_is_what_ss_shows():
    opened = []
    for family, kind, address in ((socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1"), (socket.AF_INET, socket.SOCK_STREAM, "0.0.0.0"),
                                  (socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1"), (socket.AF_INET6, socket.SOCK_STREAM, "::1"),
                                  (socket.AF_INET6, socket.SOCK_DGRAM, "::")):
        try:
            one = socket.socket(family, kind)
            one.bind((address, 0))
        except OSError:
            continue  # no IPv6
        if kind == socket.SOCK_STREAM:
            one.listen()
        opened.append(one)
    before = of_ss("-tulnpH")
    rows = sql("SELECT * FROM listening WHERE host_network IS NOT 0 OR net_namespace = "
               f"{os.readlink('/proc/self/ns/net')[5:-1]}")
    after = of_ss("-tulnpH")
    ours = {}
    for row in rows:
        ours.setdefault((row["protocol"], row["address"], row["port"]), set()).add(row["pid"])
    steady = {key for key in before if before[key] == after.get(key)}
    assert len(steady) >= len(opened)
    for key in steady:
        assert key in ours, f"{key} is missing"
        assert (ours[key] - {None}) <= before[key], (key, ours[key], before[key])
        assert bool(ours[key] - {None}) == bool(before[key]), (key, ours[key], before[key])
    assert not {key for key in ours if key not in before and key not in after}
    for one in opened:
        protocol = "tcp" if one.type == socket.SOCK_STREAM else "udp"
        row = [row for row in rows if row["socket"] == os.fstat(one.fileno()).st_ino][0]
        assert (row["pid"], row["protocol"], row["port"], row["fd"]) == \
            (os.getpid(), protocol, one.getsockname()[1], one.fileno())
        assert row["scope"] == ("loopback" if row["address"] in ("127.0.0.1", "::1") else "any")
        assert row["path"] == os.readlink("/proc/self/exe") and row["uid"] == os.getuid()
        one.close()


def test_connected_pair():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, server.accept()[0] as peer:
            rows = sql(f"SELECT * FROM sockets WHERE local_port = {port} OR remote_port = {port} ORDER BY fd")
            inodes = {os.fstat(one.fileno()).st_ino: one.fileno() for one in (server, client, peer)}
            assert {row["socket"]: row["fd"] for row in rows} == inodes
            assert {row["pid"] for row in rows} == {os.getpid()}
            assert sorted(row["state"] for row in rows) == ["ESTABLISHED", "ESTABLISHED", "LISTEN"]


def test_files_tell_the_same_as_sock_diag():
    """The same kernel, looked at by way of a root that is not live."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        query = ("SELECT family, protocol, local_address, local_port, remote_address, state, uid, socket "
                 f"FROM sockets WHERE local_port = {port} AND state = 'LISTEN'")
        rows = sql(query)
        line = [line.split() for line in open("/proc/net/tcp", encoding="ascii") if line.split()[1].endswith(f":{port:04X}")]
        assert len(rows) == 1 and rows[0]["socket"] == int(line[0][9]) and rows[0]["uid"] == int(line[0][7])


def test_shared_by_a_fork():
    """A listener that a child has inherited: two rows in sockets, one in listening."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        os.set_inheritable(server.fileno(), True)
        port = server.getsockname()[1]
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        os.close(reading)
        try:
            assert [row["pid"] for row in sql(f"SELECT pid FROM sockets WHERE local_port = {port}")] == \
                sorted((os.getpid(), child))
            assert [row["pid"] for row in sql(f"SELECT pid FROM listening WHERE port = {port}")] == \
                [min(os.getpid(), child)]
        finally:
            os.close(writing)
            os.waitpid(child, 0)


@steadily
def test_another_network_namespace():
    """A listener elsewhere is told with its namespace, and not as one of the host."""
    need_root()
    code = ("import socket, fcntl, struct, sys, os\n"
            "s = socket.socket()\n"
            "fcntl.ioctl(s, 0x8914, struct.pack('16sh14s', b'lo', 0x49, b''))\n"
            "l = socket.create_server(('0.0.0.0', 0))\n"
            "print(l.getsockname()[1], os.readlink('/proc/self/ns/net')[5:-1], os.getpid(), flush=True)\n"
            "sys.stdin.read()\n")
    process = subprocess.Popen([need_tool("unshare"), "-n", sys.executable, "-c", code], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline().split()
        if not line:
            raise Skip("no network namespace can be made here")
        port, namespace, pid = map(int, line)
        rows = sql(f"SELECT * FROM listening WHERE port = {port} AND net_namespace = {namespace}")
        assert [(row["pid"], row["address"], row["host_network"]) for row in rows] == [(pid, "0.0.0.0", 0)]
        assert not sql(f"SELECT * FROM listening WHERE port = {port} AND pid = {pid} AND host_network = 1")
        assert f":{port} " not in run([need_tool("ss"), "-tlnH"]).stdout
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def test_namespace_with_nothing_but_time_wait():
    """Counters decide whether the lists of another namespace are read: what only waits must not be missed."""
    need_root()
    need_tool("ip")
    code = ("import os, socket, subprocess, sys\n"
            "subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)\n"
            "for host in sys.argv[1:]:\n"
            "    family = socket.AF_INET6 if ':' in host else socket.AF_INET\n"
            "    with socket.create_server((host, 0), family=family) as server:\n"
            "        client = socket.create_connection(server.getsockname()[:2])\n"
            "        peer = server.accept()[0]\n"
            "        client.close(); peer.close()\n"
            "print(os.getpid(), os.readlink('/proc/self/ns/net')[5:-1], flush=True)\n"
            "sys.stdin.read()\n")
    for hosts, files in (([], ()), (["127.0.0.1"], ("tcp",)), (["::1"], ("tcp6",)), (["::1", "127.0.0.1"], ("tcp", "tcp6"))):
        process = subprocess.Popen([need_tool("unshare"), "-n", sys.executable, "-c", code, *hosts],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            line = process.stdout.readline().split()
            if not line:
                raise Skip("no network namespace with IPv4 and IPv6 can be made here")
            rows = sql(f"SELECT state FROM sockets WHERE net_namespace = {line[1]}")
            truth = sum(len(open(f"/proc/{line[0]}/net/{file}").readlines()) - 1 for file in ("tcp", "tcp6"))
            assert len(rows) == truth == len(files), (hosts, rows, truth)
            assert all(row["state"] == "TIME_WAIT" for row in rows), rows
        finally:
            process.communicate("")
