# SPDX-License-Identifier: MulanPSL-2.0
"""The running firewall beside nft and iptables, in network namespaces of their own."""
import json
import os
import re
import shlex

from harness import FIXTURES, NOBODY, WARD, Skip, for_others, need_root, need_tool, run, sql, tree

RULES = FIXTURES / "firewall" / "rules.nft"
IPTABLES = FIXTURES / "firewall" / "iptables.sh"
QUERY = "SELECT * FROM firewall WHERE source = 'running'"


def inside(script):
    """The parts, split at "=====", of what a shell in a new network namespace prints."""
    need_root()
    done = run(["unshare", "-n", "sh", "-ec", script])
    if done.returncode != 0 and re.search("not supported|No such file or directory|does not exist|not permitted",
                                          done.stderr):
        raise Skip(done.stderr.strip().splitlines()[0])
    assert done.returncode == 0, done.stderr
    return done.stdout.split("=====\n")


def ask(query=QUERY):
    return f"{shlex.quote(WARD)} sql --format json {shlex.quote(query)}"


def listed(text):
    """(family, table, chain) -> rules, from `nft list ruleset`."""
    chains, table, chain = {}, None, None
    for line in map(str.strip, text.splitlines()):
        words = line.split()
        if line.startswith("table "):
            table = (words[1], words[2])
        elif line.startswith("chain "):
            chain = table + (words[1],)
            chains[chain] = []
        elif line == "}":
            chain = None
        elif chain and line and not line.startswith("type "):
            chains[chain].append(re.sub(r"counter packets \d+ bytes \d+", "counter", line))
    return chains


def by_chain(rows):
    chains = {}
    for row in rows:
        rules = chains.setdefault((row["family"], row["table_name"], row["chain"]), [])
        if row["position"] is not None:
            rules.append(row["expression"])
            assert row["position"] == len(rules)
    return chains


def test_every_rule_reads_as_nft_lists_it():
    need_tool("nft")
    mine, truth = inside(f"nft -f {RULES}; {ask()}; echo =====; nft list ruleset")
    got, expected = by_chain(json.loads(mine)), listed(truth)
    assert sum(map(len, expected.values())) > 60
    # After a named set ward writes its elements.
    plain = {key: [re.sub(r"(@\w+) \{ [^}]*(?<!\d/minute) \}", r"\1", rule) if " @" in rule and "add @" not in rule
                   else rule for rule in rules] for key, rules in got.items()}
    for chain, rules in expected.items():
        assert plain[chain] == rules, "\n".join(f"{a}   <- {b}" for a, b in zip(plain[chain], rules) if a != b)
    assert plain == expected


def test_hooks_and_policies():
    need_tool("nft")
    mine, truth = inside(f"nft -f {RULES}; {ask()}; echo =====; nft -j list ruleset")
    expected = {}
    for entry in json.loads(truth)["nftables"]:
        if "chain" in entry:
            c = entry["chain"]
            expected[c["family"], c["table"], c["name"]] = (c.get("type"), c.get("hook"), c.get("prio"), c.get("policy"))
    got = {(r["family"], r["table_name"], r["chain"]): (r["type"], r["hook"], r["priority"], r["policy"])
           for r in json.loads(mine) if r["position"] is None}
    assert got == expected and len(got) == 9


def test_packets_are_counted():
    need_tool("nft")
    setup = ("nft add table inet t; nft add chain inet t c '{ type filter hook output priority 0; }'; "
             "nft add rule inet t c oifname lo counter accept; nft add rule inet t c drop; ip link set lo up; "
             "ping -c 1 -W 1 127.0.0.1 > /dev/null 2>&1 || true; ")
    mine, truth = inside(setup + f"{ask()}; echo =====; nft list ruleset")
    counted = int(re.search(r"packets (\d+)", truth)[1])
    rules = [r for r in json.loads(mine) if r["position"]]
    assert [r["packets"] for r in rules] == [counted, None]


def test_iptables_of_both_kernel_interfaces_read_alike():
    need_tool("iptables-legacy")
    need_tool("iptables-nft")
    legacy, count = inside(f"sh {IPTABLES} legacy; {ask()}; echo =====; "
                           "for v in '' 6; do for t in filter nat; do ip${v}tables-legacy-save -t $t; done; done")
    modern, = inside(f"sh {IPTABLES} nft; {ask()}")
    legacy, modern = json.loads(legacy), json.loads(modern)
    assert {r["backend"] for r in legacy} == {"iptables"} and {r["backend"] for r in modern} == {"nftables"}
    old, new = by_chain(legacy), by_chain(modern)
    assert sum(map(len, old.values())) == len(re.findall("^-A ", count, re.MULTILINE)) > 30
    for chain, rules in new.items():
        assert old[chain] == rules, (chain, rules, old[chain])
    policies = {(r["family"], r["table_name"], r["chain"]): r["policy"] for r in legacy if r["position"] is None}
    assert policies["ip", "filter", "INPUT"] == "drop" and policies["ip6", "filter", "OUTPUT"] == "accept"


def test_looking_creates_no_table():
    need_tool("iptables-legacy")
    before, _, after = inside(f"cat /proc/net/ip_tables_names; echo =====; {ask()}; echo =====; "
                              "cat /proc/net/ip_tables_names")
    assert before == after


def test_without_privilege_nothing_is_claimed():
    need_root()
    query = ("SELECT c.status FROM (SELECT count(*) FROM firewall) CROSS JOIN coverage c "
             "WHERE c.table_name = 'firewall'")
    assert sql(query, binary=for_others(WARD), **NOBODY) == [{"status": "partial"}]


def test_another_root_is_not_asked_of_this_kernel():
    root = tree({"etc/os-release": "ID=debian\n"})
    done = run([WARD, "sql", "--root", root, "--format", "json", QUERY])
    assert json.loads(done.stdout) == [], done.stdout
    assert os.path.exists(root)
