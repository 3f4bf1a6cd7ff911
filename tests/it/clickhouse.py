# SPDX-License-Identifier: MulanPSL-2.0
"""Debian's clickhouse-server on loopback, in a folder of its own, ended by its pid."""
import socket
import subprocess
import time
import urllib.error
import urllib.request

from harness import Skip, environment, need_tool, temporary

CONFIG = """<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><log>{folder}/log</log><errorlog>{folder}/errlog</errorlog></logger>
  <http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><interserver_http_port>{inter}</interserver_http_port>
  <interserver_http_host>127.0.0.1</interserver_http_host>
  <listen_host>127.0.0.1</listen_host>
  <max_concurrent_queries>16</max_concurrent_queries>
  <mark_cache_size>67108864</mark_cache_size>
  <path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>
  <users_config>{folder}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  {more}
</yandex>
"""
USERS = """<?xml version="1.0"?>
<yandex>
  <profiles><default><max_memory_usage>600000000</max_memory_usage><max_threads>2</max_threads></default></profiles>
  <users>
    <ward><password>s3cret&amp;</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></ward>
    <default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
  </users>
  <quotas><default><interval><duration>3600</duration><queries>0</queries><errors>0</errors><result_rows>0</result_rows>
    <read_rows>0</read_rows><execution_time>0</execution_time></interval></default></quotas>
</yandex>
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class ClickHouse:
    """with ClickHouse() as server: server.url, server.query("SELECT 1"); `more` is put into the configuration."""

    def __init__(self, more="", ports=None):
        self.program = need_tool("clickhouse-server")
        self.folder = temporary()
        self.http, self.tcp, self.inter = ports or free_ports(3)
        (self.folder / "config.xml").write_text(CONFIG.format(folder=self.folder, http=self.http, tcp=self.tcp, inter=self.inter, more=more))
        (self.folder / "users.xml").write_text(USERS)
        self.password = self.folder / "password"
        self.password.write_text("s3cret&\n")
        self.password.chmod(0o600)
        self.process = None

    @property
    def url(self):
        return f"clickhouse://ward@127.0.0.1:{self.http}/default?password-file={self.password}"

    def start(self):
        with open(self.folder / "out", "ab") as out:
            self.process = subprocess.Popen([self.program, f"--config-file={self.folder}/config.xml"], stdout=out, stderr=out,
                                            stdin=subprocess.DEVNULL, cwd=self.folder, env=environment())
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if self.query("SELECT 1") == "1\n":
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            if self.process.poll() is not None:
                raise Skip(f"clickhouse-server does not start here: {(self.folder / 'out').read_text()[-300:]}")
            time.sleep(0.1)
        raise Skip("clickhouse-server is not there after a minute")

    def stop(self, kill=False):
        if self.process:
            (self.process.kill if kill else self.process.terminate)()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *what):
        self.stop(kill=True)

    def query(self, sql):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/", sql.encode(), timeout=60) as answer:
            return answer.read().decode()
