# SPDX-License-Identifier: MulanPSL-2.0
"""interfaces and routes beside ip(8), here and in a network namespace of many kinds of them."""
import json
import os

from harness import WARD, Skip, need_root, need_tool, run, sql

SETUP = """
set -e
ip link set lo up
ip link add eth0 type veth peer name peer0
ip link add eth1 type veth peer name peer1
ip link add br0 type bridge
ip link set peer1 master br0
for i in eth0 eth1 peer0 peer1 br0; do ip link set $i up; done
ip link set eth1 promisc on
ip addr add 10.20.0.5/16 dev eth0
ip addr add 10.20.0.6/16 dev eth0
ip addr add 192.168.7.1 peer 192.168.7.2/32 dev eth1
ip -6 addr add 2001:db8:5::5/64 dev eth0 nodad
ip addr add 203.0.113.9/32 dev lo
ip route add default via 10.20.0.1
ip route add default via 192.168.7.2 metric 500
ip route add unreachable 172.16.0.0/12
ip route add blackhole 172.31.0.0/24 table 77
ip route add 198.51.100.0/24 nexthop via 10.20.0.1 nexthop via 192.168.7.2
ip -6 route add default via 2001:db8:5::1
ip -6 route add prohibit 2001:db8:ffff::/48
sleep 2.5
"""
MARK = "\n=====\n"


def asked(setup=""):
    """What ward and ip say, from inside one (new) network namespace."""
    need_tool("ip")
    script = setup + f"""
    '{WARD}' sql --format json 'SELECT * FROM interfaces'; echo =====
    '{WARD}' sql --format json 'SELECT * FROM routes'; echo =====
    ip -j -d addr; echo =====
    ip -j -d -4 route show table all; echo =====
    ip -j -d -6 route show table all
    """
    if setup:
        need_root()
        done = run(["unshare", "-n", "sh", "-c", script])
        if "Operation not permitted" in done.stderr or "Unknown device type" in done.stderr:
            raise Skip(done.stderr.strip())
    else:
        done = run(["sh", "-c", script])
    assert done.returncode == 0, done.stderr
    return [json.loads(part or "[]") for part in done.stdout.split("=====\n")]


def same_interfaces(rows, truth):
    expected = []
    for link in truth:
        promiscuous = int(link["promiscuity"] > 0)
        head = (link["ifname"], link["ifindex"], link["address"] if len(link.get("address", "")) == 17 else None,
                link["mtu"], promiscuous, link["operstate"].lower())
        addresses = [(a["local"], a["prefixlen"], a["scope"]) for a in link["addr_info"]]
        expected += [head + a for a in addresses or [(None, None, None)]]
        flags = set(link["flags"]) - {"NO-CARRIER"} | ({"PROMISC"} if promiscuous else set())
        for row in rows:
            if row["name"] == link["ifname"]:
                assert set(row["flags"].split(",")) <= flags | {"RUNNING"}, (row, flags)
                assert flags - {"ECHO", "PORTSEL", "DYNAMIC", "DORMANT"} <= set(row["flags"].split(",")), (row, flags)
    got = [(r["name"], r["ifindex"], r["mac"], r["mtu"], r["promisc"], r["state"], r["address"], r["prefix"],
            r["scope"]) for r in rows]
    assert sorted(map(repr, got)) == sorted(map(repr, expected))


TABLES = {"main": 254, "local": 255, "default": 253}


def route_key(route, ipv6):
    out = []
    destination = route["dst"]
    if destination == "default":
        destination = "::/0" if ipv6 else "0.0.0.0/0"
    address, _, prefix = destination.partition("/")
    table = route.get("table", "main")
    for hop in route.get("nexthops") or [route]:
        out.append((address, int(prefix or (128 if ipv6 else 32)), hop.get("gateway") or hop.get("via", {}).get("host"),
                    hop.get("dev"), route.get("metric", 0), route.get("type", "unicast"),
                    TABLES.get(table) or int(table), route.get("prefsrc")))
    return out


def same_routes(rows, four, six):
    expected = [key for route in four for key in route_key(route, False)]
    expected += [key for route in six for key in route_key(route, True)]
    got = [(r["destination"], r["prefix"], r["gateway"], r["interface"], r["metric"], r["type"], r["table_id"],
            r["source"]) for r in rows]
    assert sorted(map(repr, got)) == sorted(map(repr, expected))


def test_this_machine():
    interfaces, routes, links, four, six = asked()
    same_interfaces(interfaces, links)
    same_routes(routes, four, six)


def test_a_namespace_of_many_kinds():
    interfaces, routes, links, four, six = asked(SETUP)
    assert len(links) == 6
    assert len([r for r in routes if r["destination"] == "198.51.100.0"]) == 2
    same_interfaces(interfaces, links)
    same_routes(routes, four, six)


def test_an_empty_namespace():
    interfaces, routes, links, four, six = asked("true\n")
    assert [r["name"] for r in interfaces] == ["lo"] and interfaces[0]["address"] is None
    same_routes(routes, four, six)


def test_another_root_is_not_asked_of_this_kernel():
    root = os.path.join(os.path.dirname(__file__), "..", "tables", "routes", "root")
    coverage = sql("SELECT c.status FROM (SELECT count(*) FROM interfaces) CROSS JOIN coverage c "
                   "WHERE c.table_name = 'interfaces'", root=root)
    assert coverage == [{"status": "unavailable"}]


def test_neighbours_are_those_of_ip():
    """The arp table beside ip neigh, in a namespace with resolved, permanent and failing ones."""
    need_root()
    unshare = need_tool("unshare")
    need_tool("ip")
    script = f"""
    set -e
    ip link add eth0 type veth peer name peer0
    ip link set eth0 up; ip link set peer0 up
    ip addr add 10.20.0.5/16 dev eth0
    ip neigh add 10.20.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent
    ip neigh add 10.20.0.8 lladdr 02:00:00:00:00:08 dev eth0 nud reachable
    '{WARD}' sql --format json 'SELECT * FROM arp'; echo =====
    ip -j -4 neigh
    """
    done = run([unshare, "-n", "-m", "sh", "-c", "mount -t sysfs none /sys 2>/dev/null || true\n" + script])
    if done.returncode:
        raise Skip(f"no network namespace of our own here: {done.stderr.strip()[-200:]}")
    ours, truth = (json.loads(part) for part in done.stdout.split(MARK))
    assert {(row["address"], row["mac"], row["interface"], row["state"]) for row in ours} == \
        {(row["dst"], row["lladdr"], row["dev"], row["state"][0].lower()) for row in truth}
    assert len(ours) == 2
