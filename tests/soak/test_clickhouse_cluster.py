# SPDX-License-Identifier: MulanPSL-2.0
"""Two shards of ClickHouse with Debian's ZooKeeper on one machine: tables made by ward, each record once however often a server is
killed, searches over both as in the archive."""
import random
import socket
import subprocess
import threading
import time

from clickhouse import ClickHouse, free_ports
from harness import WARD_RELEASE, Skip, environment, need_tool, run, temporary
from test_clickhouse import SEARCHES, found, make, mixed_archive

ZOOKEEPER = "/usr/share/java/zookeeper.jar"
CLUSTER = """
  <zookeeper><node><host>127.0.0.1</host><port>{zookeeper}</port></node></zookeeper>
  <macros><shard>{shard}</shard><replica>r1</replica></macros>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
  <remote_servers><pair>
    <shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>{tcp[0]}</port></replica></shard>
    <shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>{tcp[1]}</port></replica></shard>
  </pair></remote_servers>
"""


class ZooKeeper:
    """Ended by its pid."""

    def __init__(self):
        self.java = need_tool("java")
        self.folder = temporary()
        self.port, = free_ports(1)
        (self.folder / "zoo.cfg").write_text(f"tickTime=2000\ndataDir={self.folder}/data\nclientPort={self.port}\nclientPortAddress=127.0.0.1\n"
                                             "admin.enableServer=false\n4lw.commands.whitelist=srvr\n")

    def __enter__(self):
        with open(self.folder / "out", "wb") as out:
            self.process = subprocess.Popen([self.java, "-Xmx256m", "-cp", f"{self.folder}:{ZOOKEEPER}",
                                             "org.apache.zookeeper.server.quorum.QuorumPeerMain", f"{self.folder}/zoo.cfg"],
                                            stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=self.folder, env=environment())
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    connection.sendall(b"srvr")
                    if b"Mode:" in connection.recv(4096):  # it answers before it can serve, and ClickHouse 18 does not survive that
                        return self
            except OSError:
                pass
            time.sleep(0.2)
        raise Skip(f"ZooKeeper does not start: {(self.folder / 'out').read_text()[-500:]}")

    def __exit__(self, *what):
        self.process.kill()
        self.process.wait()


def shards(zookeeper):
    ports = free_ports(6)
    tcp = [ports[1], ports[4]]
    return [ClickHouse(CLUSTER.format(zookeeper=zookeeper.port, shard=f"s{number}", tcp=tcp), ports[number * 3:number * 3 + 3])
            for number in range(2)]


def local(server, what="count()"):
    return server.query(f"SELECT {what} FROM ward_events_local").split()


def deliver(folder, url):
    return run([WARD_RELEASE, "deliver", "-a", folder, "--events", url], timeout=600)


def test_two_shards():
    folder = mixed_archive()
    with ZooKeeper() as zookeeper:
        servers = shards(zookeeper)
        try:
            for server in servers:
                server.start()
            url = servers[0].url + "&cluster=pair"
            done = deliver(folder, url)
            assert done.returncode == 0 and done.stdout.startswith("2001 records"), done
            counts = [int(local(server)[0]) for server in servers]
            assert sum(counts) == 2001 and all(counts), counts
            for search in SEARCHES:
                assert sorted(found(["-a", folder], search)) == sorted(found(["--events", url], search)), search
            # The other server gives the same, and was told of the tables and the position, too.
            assert found(["--events", servers[1].url], "失败") == found(["--events", url], "失败")
            assert deliver(folder, servers[1].url + "&cluster=pair").stdout.startswith("0 records of 0 blocks")
            killed(folder, servers, url)
        finally:
            for server in servers:
                server.stop(kill=True)


def killed(folder, servers, url):
    """Servers die while events are delivered; whoever delivers dies, too; in the end each record is there once."""
    chance = random.Random(11)
    make(folder, "plain", "".join(f"soak {n} {chance.random()}\n" for n in range(300000)).encode(), "soak", 500000)
    stop = threading.Event()

    def trouble():
        while not stop.wait(chance.uniform(1, 3)):
            server = chance.choice(servers)
            server.stop(kill=True)
            time.sleep(chance.uniform(0, 1))
            server.start()

    thread = threading.Thread(target=trouble)
    thread.start()
    try:
        for _ in range(12):
            process = subprocess.Popen([WARD_RELEASE, "deliver", "-a", str(folder), "--events", url, "--follow"], env=environment(),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.5, 4))
            process.kill()
            process.wait()
    finally:
        stop.set()
        thread.join()
    end = time.monotonic() + 120
    while (done := deliver(folder, url)).returncode and time.monotonic() < end:
        time.sleep(2)
    assert done.returncode == 0, done.stderr
    total = servers[0].query("SELECT count(), uniqExact(archive, sequence, number) FROM ward_events").split()
    assert total == ["302001", "302001"], total
