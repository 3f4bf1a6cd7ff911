# SPDX-License-Identifier: MulanPSL-2.0
"""host, os_release, kernel, kernel_modules, modprobe against the tools that know."""
import os
import platform

from harness import ROOT, Skip, need_tool, run, sql


def test_host_is_what_the_system_calls_say():
    row = sql("SELECT * FROM host")[0]
    assert row["hostname"] == os.uname().nodename
    assert row["uid"] == os.geteuid()
    boot = [line for line in open("/proc/stat") if line.startswith("btime")]
    assert row["boot_time"] == int(boot[0].split()[1])
    with open("/proc/self/status") as status:
        caps = next(line for line in status if line.startswith("CapEff:")).split()[1]
    last = int(open("/proc/sys/kernel/cap_last_cap").read())
    assert (row["caps"] == "all") == (int(caps, 16) == (1 << last + 1) - 1)
    if row["caps"] != "all":
        assert len([name for name in row["caps"].split(",") if name]) == bin(int(caps, 16)).count("1")


def test_container_is_what_systemd_detects():
    said = run([need_tool("systemd-detect-virt"), "--container"]).stdout.strip()
    row = sql("SELECT container, container_runtime FROM host")[0]
    if said != "none":
        assert row["container"] == 1


def test_kernel_is_uname():
    row = sql("SELECT * FROM kernel")[0]
    assert row["version"] == platform.release()
    assert row["cmdline"] == open("/proc/cmdline").read().strip()


def test_os_release_is_that_of_the_shell():
    said = run(["sh", "-c", '. /etc/os-release; printf "%s\\n" "$ID" "$NAME" "$PRETTY_NAME" "$VERSION_ID"'])
    row = sql("SELECT id, name, pretty_name, version_id FROM os_release")[0]
    assert ["" if value is None else value for value in row.values()] == said.stdout.split("\n")[:4]


def test_modules_are_those_of_lsmod():
    if not os.path.exists("/proc/modules"):
        assert sql("SELECT * FROM kernel_modules") == []
        raise Skip("this kernel has no modules")
    truth = [line.split()[:2] for line in run([need_tool("lsmod")]).stdout.splitlines()[1:]]
    assert sorted([row["name"], str(row["size"])] for row in sql("SELECT name, size FROM kernel_modules")) == sorted(truth)


def test_modprobe_is_the_configuration_of_modprobe():
    done = run([need_tool("modprobe"), "--showconfig"])
    if done.returncode != 0:
        raise Skip("modprobe cannot show its configuration")
    truth = {tuple(line.split()[:2]) for line in done.stdout.splitlines() if line.startswith(("blacklist ", "install "))}
    mine = {(row["directive"], row["name"]) for row in
            sql("SELECT directive, name FROM modprobe WHERE directive IN ('blacklist', 'install')")}
    assert mine == truth


def test_parameters_by_name():
    """A name asked for alone gives the row that the whole list has for it; no way leads out of /proc/sys."""
    for root in sorted((ROOT / "tests" / "tables").glob("sysctl*/root")):
        for row in sql("SELECT * FROM sysctl", root=root):
            name = row["name"].replace("'", "''")
            assert sql(f"SELECT * FROM sysctl WHERE name = '{name}'", root=root) == [row], (root, row)
    for name, path in (("kernel.ostype", "kernel/ostype"), ("net.ipv4.conf.lo.forwarding", "net/ipv4/conf/lo/forwarding")):
        with open(f"/proc/sys/{path}") as file:
            assert sql(f"SELECT value FROM sysctl WHERE name = '{name}'") == [{"value": file.read().strip()}]
    for name in ("kernel", "kernel.", ".", "..", "//.version", "//.self.status", "kernel/ostype", "no.such.key"):
        assert sql(f"SELECT * FROM sysctl WHERE name = '{name}'") == [], name
