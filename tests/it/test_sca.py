# SPDX-License-Identifier: MulanPSL-2.0
"""SCA policies: fixtures, the real policies against the real commands, what commands say line by line."""
import functools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tarfile
import io
import time

from harness import NOBODY, WARD_RELEASE, File, Link, Skip, for_others, need_root, need_shared, need_tool, run, temporary, tree, ward

SYSTEM = {"etc/os-release": "ID=debian\n", "etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/group": "root:x:0:\n"}


def inspect(*paths, root=None, options=(), program=None, env=None):
    """{check id: verdict} of `ward inspect --sca`, and all that was printed."""
    args = ["inspect", "--format", "json", *options]
    for path in paths:
        args += ["--sca", path]
    if root:
        args += ["--root", root]
    done = run([program, *args], env=env) if program else ward(*args, env=env)
    assert done.stdout, done.stderr
    result = json.loads(done.stdout)
    return {verdict["id"].split(":", 2)[2]: verdict for verdict in result["verdicts"]}, done


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def policy(checks, four=False, requirements=None, name="p"):
    """A policy file: checks are (id, condition, rules)."""
    path = temporary() / f"{name}.yml"
    lines = [f"policy: {{id: {name}, name: Test}}"]
    if requirements:
        lines.append(f"requirements: {{title: needs, condition: all, rules: [{', '.join(map(quoted, requirements))}]}}")
    lines.append("checks:")
    for ident, condition, rules in checks:
        title = "title" if four else "name"
        lines += [f"  - id: {ident}", f"    {title}: check {ident}", f"    condition: {condition}", "    rules:"]
        lines += [f"      - {quoted(rule)}" for rule in rules]
    path.write_text("\n".join(lines) + "\n")
    return path


def verdicts(checks, root, **kw):
    found, _ = inspect(policy(checks, **kw), root=root)
    return {int(ident): verdict["verdict"] for ident, verdict in found.items()}


def test_conditions():
    root = tree(SYSTEM | {"a": "x\n"})
    yes, no, gone = "f:/a -> x", "f:/a -> y", "f:/gone -> r:x"
    expected = {
        "all": [("pass", yes), ("fail", no), ("not-applicable", gone), ("fail", gone, no), ("not-applicable", gone, yes),
                ("pass", yes, yes), ("fail", yes, no)],
        "any": [("pass", yes), ("fail", no), ("not-applicable", gone), ("pass", gone, yes),
                ("not-applicable", gone, no), ("pass", no, yes), ("fail", no, no)],
        "none": [("fail", yes), ("pass", no), ("not-applicable", gone), ("fail", gone, yes),
                 ("not-applicable", gone, no), ("pass", no, no), ("fail", no, yes)],
    }
    checks, wanted = [], {}
    for condition, cases in expected.items():
        for verdict, *rules in cases:
            checks.append((len(checks) + 1, condition, rules))
            wanted[len(checks)] = verdict
    for four in (False, True):
        assert verdicts(checks, root, four=four) == wanted
    # Missing is invalid, also under not; what is not there without a pattern is not found.
    checks = [(1, "all", ["not f:/gone -> r:x"]), (2, "all", ["not f:/gone"]), (3, "all", ["f:/gone"]),
              (4, "all", ["f:/a"]), (5, "all", ["not d:/gone"]), (6, "all", ["d:/gone -> r:x"]), (7, "all", ["d:/etc"])]
    assert verdicts(checks, root) == {1: "not-applicable", 2: "pass", 3: "fail", 4: "pass", 5: "pass",
                                      6: "not-applicable", 7: "pass"}


def test_files_and_folders():
    root = tree(SYSTEM | {
        "etc/x.d/10-a.conf": "alpha=1\n", "etc/x.d/sub/20-b.conf": "# beta\nbeta=2\n", "etc/x.d/readme": "gamma\n",
        "etc/x.d/link.conf": Link("/etc/passwd"), "etc/fifo": File(None), "etc/loop": Link("loop"), "etc/empty": "",
        "etc/crlf": "one\r\ntwo\r\n"})
    checks = [
        (1, "all", ["d:/etc/x.d -> r:\\.conf$ -> r:^beta"]),    # below, too
        (2, "all", ["d:/etc/x.d -> r:\\.conf$ -> r:gamma"]),
        (3, "all", ["not d:/etc/x.d -> r:\\.conf$ -> r:gamma"]),
        (4, "all", ["d:/etc/x.d -> readme -> gamma"]),
        (5, "all", ["d:/etc/x.d -> r:^20"]),
        (6, "all", ["d:/etc/x.d -> nothing"]),
        (7, "all", ["d:/etc/x.d -> r:\\.conf$ -> r:^root"]),    # links are not followed
        (8, "all", ["f:/etc/fifo -> r:x"]),
        (9, "all", ["f:/etc/loop -> r:x"]),
        (10, "all", ["f:/etc/empty -> !r:x"]),                  # no text is never found
        (11, "all", ["f:/etc/crlf -> r:^one$"]),                # 5.x sees the CR
        (12, "all", ["f:/etc/fifo"]),
    ]
    assert verdicts(checks, root) == {
        1: "pass", 2: "fail", 3: "pass", 4: "pass", 5: "pass", 6: "fail", 7: "fail", 8: "not-applicable",
        9: "not-applicable", 10: "fail", 11: "fail", 12: "fail"}
    checks = [
        (1, "all", ["d:/etc/x.d -> r:\\.conf$ -> r:^root"]),     # \. is any character; 4.x follows the link
        (2, "all", ["f:/gone,/etc/passwd -> r:^root"]),          # lists of files
        (3, "all", ["f:/etc/passwd,/gone -> r:^nobody"]),
        (4, "all", ["f:/gone,/etc/passwd"]),
        (5, "all", ["f:/etc/crlf -> r:^one$"]),
        (6, "all", ["f:/etc/fifo"]),                             # there, but no file
        (7, "all", ["d:/etc/x.d -> adme -> GAMMA"]),             # a part of the name; any case
    ]
    assert verdicts(checks, root, four=True) == {
        1: "pass", 2: "pass", 3: "not-applicable", 4: "pass", 5: "pass", 6: "not-applicable", 7: "pass"}


def test_requirements():
    root = tree(SYSTEM | {"a": "x\n"})
    checks = [(1, "all", ["f:/a -> x"])]
    found, _ = inspect(policy(checks, requirements=["f:/a"]), root=root)
    assert found["1"]["verdict"] == "pass"
    for rules in (["f:/gone"], ["f:/gone -> r:x"]):
        found, done = inspect(policy(checks, requirements=rules), root=root)
        assert found["1"]["verdict"] == "not-applicable" and "requirements" in found["1"]["reason"]
        assert done.returncode == 0


def test_what_a_verdict_holds():
    root = tree(SYSTEM | {"etc/a": "\nPort 22\n", "etc/shadow": "root:$y$j9T$secret$hash:1:0:99999:7:::\n"})
    path = temporary() / "x.yml"
    path.write_text("""policy: {id: demo, name: Demo}
checks:
  - id: 7
    name: "The port"
    rationale: because
    remediation: do it
    compliance: {pci_dss: ["2.2", "1.1"], cis: ["5.1"]}
    condition: none
    rules:
      - 'f:/etc/a -> r:^Port'
  - {id: 8, name: Hash, condition: all, rules: ['f:/etc/shadow -> r:^root', 'c:cat /etc/shadow -> r:zzz']}
""")
    found, done = inspect(path, root=root)
    verdict = found["7"]
    assert verdict["id"] == "sca:demo:7" and verdict["title"] == "The port" and verdict["severity"] == "medium"
    assert verdict["verdict"] == "fail" and done.returncode == 1
    assert verdict["clauses"] == ["pci_dss 2.2", "pci_dss 1.1", "cis 5.1"]
    assert verdict["evidence"] == [{"file": "/etc/a", "line": 2, "rule": "f:/etc/a -> r:^Port", "result": "found",
                                    "found": "Port 22", "reason": None}]
    assert "secret" not in done.stdout
    for shape in ("text", "csv", "junit"):
        done = ward("inspect", "--sca", path, "--root", root, "--format", shape)
        assert "The port" in done.stdout and "secret" not in done.stdout, shape


def test_with_only():
    root = tree(SYSTEM)
    path = policy([(1, "all", ["f:/etc/passwd"]), (2, "all", ["f:/gone"])])
    found, _ = inspect(path, root=root, options=["--only", "sca:p:2"])
    assert set(found) == {"2"}
    done = ward("inspect", "--sca", path, "--root", root, "--only", "p", "--only", "ssh*", "--format", "json")
    ids = {verdict["id"] for verdict in json.loads(done.stdout)["verdicts"]}
    assert {"sca:p:1", "sca:p:2"} <= ids and any(ident.startswith("ssh") for ident in ids)


def test_bad_input():
    root = tree(SYSTEM)
    folder = temporary()
    (folder / "a.yml").write_text("policy: {id: a}\nchecks:\n  - {id: 1, name: n, condition: all, rules: ['x:/etc']}\n"
                                  "  - {id: 2, name: n, condition: all, rules: ['f:/etc/passwd -> r:(']}\n"
                                  "  - {id: 3, name: n, condition: all, rules: ['f:/etc/passwd']}\n")
    (folder / "b.yml").write_text("policy: [\n")
    (folder / "c.yaml").write_text("hello\n")
    (folder / "ignored.txt").write_text("policy: [\n")
    found, done = inspect(folder, root=root)
    assert found["1"]["verdict"] == "unknown" and "3:46: 'x:/etc': a rule begins with" in found["1"]["reason"]
    assert found["2"]["verdict"] == "not-applicable" and found["3"]["verdict"] == "pass"
    for place in ("a.yml:3:46: ", "b.yml:2:1: ", "c.yaml:1:1: "):
        assert place in done.stderr, (place, done.stderr)
    assert done.returncode == 2
    for path in ("/gone.yml", temporary()):
        done = ward("inspect", "--sca", path)
        assert done.returncode == 2 and str(path) in done.stderr
    # An empty folder is no host on which all is well.
    found, _ = inspect(policy([(1, "all", ["not f:/etc/motd"])]), root=temporary())
    assert found["1"]["verdict"] == "unknown"


def test_unprivileged_sees_less_and_says_so():
    need_root()
    root = tree(SYSTEM | {"etc/secret": File("x\n", mode=0o600), "etc/closed/file": "x\n"})
    os.chmod(root / "etc/closed", 0o700)
    path = policy([(1, "all", ["f:/etc/secret -> !r:y"]), (2, "all", ["not f:/etc/closed/file"]),
                   (3, "all", ["d:/etc/closed -> r:file"]), (4, "any", ["f:/etc/secret -> x", "f:/etc/passwd"])])
    for folder in (root, path.parent):
        os.chmod(folder, 0o755)
    args = ["inspect", "--format", "json", "--sca", str(path), "--root", str(root)]
    done = run([for_others(WARD_RELEASE), *args], **NOBODY)
    got = {verdict["id"][-1]: verdict["verdict"] for verdict in json.loads(done.stdout)["verdicts"]}
    assert got == {"1": "unknown", "2": "unknown", "3": "unknown", "4": "pass"}


# ---- commands ----

def test_commands_are_not_run_unasked():
    mark = temporary() / "mark"
    path = policy([(1, "all", [f"c:touch {mark} -> r:."]), (2, "all", [f"c:sh -c \"touch {mark}\" -> r:."])])
    found, _ = inspect(path)
    assert not mark.exists()
    for verdict in found.values():
        assert verdict["verdict"] == "unknown" and "command not answered natively: " in verdict["reason"]
    inspect(path, options=["--allow-commands"])
    assert mark.exists()
    mark.unlink()
    # Never those of another system.
    found, _ = inspect(path, root=tree(SYSTEM), options=["--allow-commands"])
    assert not mark.exists() and found["1"]["verdict"] == "unknown"


def test_commands_run_on_a_short_leash():
    need_tool("python3")
    log = temporary() / "log"
    script = temporary() / "tool"
    script.write_text(f"""#!/bin/sh
echo once >> {log}
case "$1" in
env) env; cat; echo "$0" ;;
big) yes ;;
err) echo out; echo err >&2; exit 3 ;;
gone) exit 127 ;;
memory) python3 -c 'x = bytearray(3 << 30)' ;;
esac
""")
    script.chmod(0o755)
    path = policy([
        (1, "all", [f"c:{script} env -> r:^LC_ALL=C$", f"not c:{script} env -> r:^HOME=|^WARD_SECRET"]),
        (2, "all", [f"c:{script} big -> r:y"]),
        (3, "all", [f"c:{script} err -> err", f"c:{script} err -> r:^out$ && r:out"]),
        (4, "all", [f"c:{script} gone -> r:x"]),
        (5, "all", [f"c:{script} memory -> r:MemoryError"]),
        (6, "all", ["c:/nonexistent/tool -> r:x"]),
        (7, "all", [f"c:{script} 'a  b' \"c d\" -> !r:x"]),
    ])
    found, _ = inspect(path, options=["--allow-commands"], env={"WARD_SECRET": "1"})
    got = {ident: verdict["verdict"] for ident, verdict in found.items()}
    assert got == {"1": "pass", "2": "not-applicable", "3": "fail", "4": "not-applicable", "5": "pass",
                   "6": "not-applicable", "7": "fail"}, got
    # Each command line once, however many rules ask it.
    assert log.read_text().count("once") == 6


def test_a_command_that_hangs_is_stopped():
    path = policy([(1, "all", ["c:sh -c \"sleep 100 & sleep 100\" -> r:x"])])
    start = time.monotonic()
    found, _ = inspect(path, options=["--allow-commands"])
    assert time.monotonic() - start < 90
    assert found["1"]["verdict"] == "not-applicable" and "time limit" in found["1"]["reason"], found["1"]["reason"]


@functools.cache
def shared_policies():
    """{file name within the archive: text}"""
    packed = need_shared("sca-policies.tar.zst")
    done = subprocess.run([need_tool("zstd"), "-d", "--long=27", "-c", str(packed)], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        return {member.name.removeprefix("./"): archive.extractfile(member).read() for member in archive
                if member.isfile()}


def shared_policy(name):
    path = temporary() / pathlib.Path(name).name
    path.write_bytes(shared_policies()[name])
    return path


def rules_of(name):
    """The rules of a stock policy, unquoted: they stand one a line."""
    text = shared_policies()[name].decode()
    for match in re.finditer(r"^\s+- (?:'((?:[^']|'')*)'|\"((?:\\.|[^\"\\])*)\")\s*$", text, re.MULTILINE):
        rule = match[1].replace("''", "'") if match[1] is not None else re.sub(r"\\(.)", r"\1", match[2])
        if re.match(r"(not )?[fdcpr]:", rule):
            yield rule


def commands_of(name):
    found = {}
    for rule in rules_of(name):
        match = re.match(r"(?:not )?c:(.*?)(?: -> |$)", rule)
        if match:
            found[match[1]] = True
    return list(found)


# What may differ between the two runs, and why.
EXCEPTIONS = {}


def test_whole_policies_against_the_real_commands():
    """Every check of the Debian 12 policies: answered from the tables, and by running the commands."""
    need_root()
    for name in ("wazuh-5/cis_debian12.yml", "wazuh-4.9.2/cis_debian12.yml"):
        path = shared_policy(name)
        real, _ = inspect(path, options=["--allow-commands"], env={"WARD_TEST_SCA_RUN_ALL": "1"}, program=WARD_RELEASE)
        ours, _ = inspect(path)
        assert set(real) == set(ours) and len(ours) > 150
        different = {ident: (real[ident]["verdict"], ours[ident]["verdict"], ours[ident]["evidence"],
                             real[ident]["evidence"]) for ident in ours
                     if ours[ident]["verdict"] not in ("unknown", real[ident]["verdict"])
                     and (name, ident) not in EXCEPTIONS}
        assert not different, different
        # AppArmor's state cannot be asked where a container has not mounted securityfs.
        unknown = [verdict["reason"] for verdict in ours.values() if verdict["verdict"] == "unknown"
                   and "securityfs is not mounted" not in verdict["reason"]]
        assert len(unknown) <= len(ours) // 15, unknown


def test_all_shared_policies_load():
    for name in shared_policies():
        if not name.endswith(".yml"):
            continue
        path = shared_policy(name)
        found, done = inspect(path, root=tree(SYSTEM))
        asked = set(re.findall(rb"^  - id: (\d+)", shared_policies()[name], re.MULTILINE))
        assert {ident.encode() for ident in found} == asked, name
        assert "left out" not in done.stderr, (name, done.stderr)


def real_lines(command):
    """What the command says, run as ward would: merged output, without empty lines at the ends."""
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    done = subprocess.run(shlex.split(command), env=env, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=180)
    if done.returncode == 127:
        raise FileNotFoundError(command)
    return done.stdout.decode("utf-8", "surrogateescape").strip("\n").split("\n")


def speakable(line):
    """Can the line stand in a rule as a literal?"""
    return line and not re.match(r"!|[rn]:", line) and " && " not in line and " -> " not in line and line.replace("\t", "").isprintable()


# Times of access and numbers that move between two looks.
MOVING = re.compile(r"^(Access|Modify|Change): 20|^ Birth: |^  Size: |inode", re.IGNORECASE)


def same_words(commands):
    """Commands whose native answer and whose real output differ in some line."""
    checks, asked = [], {}
    for command in commands:
        try:
            lines = real_lines(command)
        except (FileNotFoundError, PermissionError, IndexError, ValueError):
            continue
        literal = [line for line in lines if speakable(line) and not MOVING.match(line)]
        odd = [line for line in lines if line and line not in literal]
        rules = [f"c:{command} -> r:^ && {line} && r:^" for line in dict.fromkeys(literal)][:900]
        if len(odd) == 0:
            others = "".join(f" && !{line}" for line in dict.fromkeys(literal))
            rules.append(f"not c:{command} -> r:.{others} && r:^")
        ident = len(checks) + 1
        asked[str(ident)] = command
        if rules:
            checks.append((ident, "all", rules))
    found, _ = inspect(policy(checks))
    bad, unknown = [], []
    for ident, verdict in found.items():
        if verdict["verdict"] == "unknown":
            unknown.append(asked[ident])
        elif verdict["verdict"] != "pass":
            bad.append((asked[ident], verdict["verdict"], verdict["reason"], verdict["evidence"][-1:]))
    return bad, unknown, len(checks)


def test_answers_are_those_of_the_real_commands():
    need_root()
    extra = ["stat /", "stat /dev/null", "stat /etc/mtab", "stat /nonexistent", "stat -c '%n %F %h' /etc /etc/passwd",
             "stat -c '%n %#a %A %U/%G %u:%g 100%%' /etc/shadow /tmp /usr/bin/passwd", "findmnt -n /", "findmnt /proc",
             "findmnt --kernel /dev/shm", "findmnt -kn /sys", "mount", "sysctl kernel.ostype net.ipv4.ip_forward",
             "sysctl net.ipv4.tcp_rmem", "sysctl no.such.key", "cat /etc/debian_version /etc/nonexistent",
             "dpkg -s bash", "dpkg-query -s libc6 nosuchpackage base-files", "dpkg-query -W bash libc6 nosuchpackage",
             "dpkg-query -W -f='${binary:Package}\\t${Status}\\t${db:Status-Status}\\n' bash libc6 dpkg",
             "useradd -D", "passwd -S root", "passwd -S daemon", "augenrules --check", "systemctl list-unit-files",
             "sh -c \"systemctl is-enabled cron.service & systemctl is-active cron.service\"",
             "sh -c \"cat /etc/debian_version || cat /etc/passwd\"", "sh -c \"cat /etc/nonexistent && cat /etc/passwd\"",
             "iptables -L", "ip6tables -L", "iptables -L INPUT -v -n", "nft list ruleset", "nft list tables"]
    units = run([need_tool("systemctl"), "list-unit-files", "--no-legend"]).stdout.split("\n")
    extra += [f"systemctl is-enabled {line.split()[0]}" for line in units if line.strip() and "@" not in line]
    bad, unknown, asked = same_words(extra)
    assert not bad, bad
    assert asked > 25
    assert not unknown, unknown


def test_stock_commands_are_those_of_the_real_commands():
    need_root()
    names = [name for name in shared_policies() if re.search(r"debian1[23]|ubuntu|distro", name)]
    commands = list(dict.fromkeys(command for name in names for command in commands_of(name)))
    slow = re.compile(r"apt|find /|journalctl|grep|ls -l|dmesg|^ps|^ss|netstat|curl|^ip |sudo|crontab|nmcli")
    if not os.path.exists("/proc/modules"):  # then lsmod only has an error to print
        commands = [command for command in commands if not re.search(r"\blsmod\b", command)]
    bad, _, asked = same_words([command for command in commands if not slow.search(command)])
    assert not bad, bad
    assert asked > 100


def test_share_of_native_answers():
    """At least 97 % of the different commands of the Debian 12 policy, 5.x, have a form that is known."""
    commands = commands_of("wazuh-5/cis_debian12.yml")
    assert len(commands) > 120
    found, _ = inspect(policy([(i, "all", [f"c:{command} -> r:."]) for i, command in enumerate(commands, 1)]))
    unknown = [commands[int(ident) - 1] for ident, verdict in found.items()
               if "command not answered natively" in (verdict["reason"] or "")]
    assert len(unknown) <= 0.03 * len(commands), unknown


RULESETS = {
    "nft": ("""nft -f - <<'N'
table inet filter {
	chain input {
		type filter hook input priority 0; policy drop;
		iif "lo" accept
		ip saddr 127.0.0.0/8 counter drop
		ct state established,related accept
		tcp dport 22 ct state new accept
		ip6 saddr ::1 drop
	}
	chain forward { type filter hook forward priority 0; policy drop; }
	chain output { type filter hook output priority 0; policy accept; ip protocol tcp ct state new accept; }
}
table ip nat {
	chain pre { type nat hook prerouting priority -100; }
	chain plain { tcp dport { 80, 443 } accept; }
}
N
""", []),
    "policies": ("iptables -P INPUT DROP; ip6tables -P FORWARD DROP", []),
    "rules": ("iptables -A INPUT -i lo -j ACCEPT", ["iptables -L", "iptables -L INPUT -v -n"]),
    "empty table": ("nft add table ip empty", ["nft list ruleset"]),
    "set": ("nft add table ip t; nft 'add set ip t s { type ipv4_addr; }'; nft add chain ip t c; "
            "nft 'add rule ip t c ip saddr @s drop'", ["nft list ruleset"]),
}
FIREWALL_COMMANDS = ["nft list ruleset", "nft list tables", "sh -c \"nft list ruleset | awk '/hook input/,/}/'\"",
                     "iptables -L", "ip6tables -L", "iptables -L INPUT -v -n", "ip6tables -L OUTPUT -v -n"]


def in_namespaces(setup, commands):
    """same_words(commands) in network and mount namespaces of their own, after `setup`."""
    need_root()
    need_tool("unshare")
    if run(["unshare", "-m", "-n", "true"]).returncode:
        raise Skip("no namespaces here")
    code = ("import json, sys; sys.path.insert(0, sys.argv[1]); import test_sca; "
            "print(json.dumps(test_sca.same_words(json.loads(sys.argv[2]))))")
    script = f"set -e\nmount -t tmpfs tmpfs /run\nmkdir /run/sshd\n{setup}\nexec \"$@\""
    done = run(["unshare", "-m", "-n", "sh", "-c", script, "sh", sys.executable, "-c", code,
                pathlib.Path(__file__).parent, json.dumps(commands)])
    if done.returncode:
        raise Skip(f"cannot be set up here: {done.stderr[-300:]}")
    return json.loads(done.stdout)


def test_firewalls_against_the_real_commands():
    """What the table cannot tell exactly is unknown, everything else is as nft and iptables say."""
    need_tool("nft")
    need_tool("iptables")
    for name, (setup, not_told) in RULESETS.items():
        bad, unknown, _ = in_namespaces(setup, FIREWALL_COMMANDS)
        assert not bad, (name, bad)
        assert {command for command in unknown if not command.startswith("sh ")} == set(not_told), (name, unknown)


def test_modprobe_against_the_real_one():
    need_tool("modprobe")
    setup = """mount -t tmpfs tmpfs /etc/modprobe.d
printf 'install cramfs /bin/true\\ninstall usb-storage /bin/false  # no\\nblacklist hfs\\n' > /etc/modprobe.d/a.conf"""
    commands = [f"modprobe -n -v {name}" for name in ("cramfs", "usb-storage", "usb_storage", "hfs", "nosuchmodule")]
    bad, unknown, _ = in_namespaces(setup, [*commands, "/sbin/modprobe -n -v cramfs", "lsmod"])
    assert not bad and not unknown, (bad, unknown)


def test_sshd_against_the_real_one():
    need_tool("sshd")
    bad, unknown, _ = in_namespaces("", ["sshd -T"])
    assert not bad and not unknown, (bad, unknown)
