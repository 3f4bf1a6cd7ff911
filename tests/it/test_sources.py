# SPDX-License-Identifier: MulanPSL-2.0
"""content/sources: every log source that the published Sigma rules ask for is served, or it is said here why not."""
import json
import re

import harness

# (product, category, service): why no mapping serves it.
UNSERVED = {}
# Served, but only where the reason holds; for the reader.
PARTLY = {
    ("windows", "file_access", None): "Security 4663 with auditing on the file; the tracing provider of files has no channel",
    ("windows", "file_rename", None): "Elastic's endpoint alone; Sysmon does not report it",
    ("paloalto", "file_event", "globalprotect"): "by name alone: the appliance's own files",
    ("paloalto", "appliance", "globalprotect"): "by name alone: the appliance's own files",
    ("linux", "network_connection", None): "the kernel's audit has no host names, so rules for those need Sysmon or Elastic",
}


def logsources_of_mappings():
    program = harness.ROOT / "build-asan/tests/show_events"
    if not program.exists():
        raise harness.Skip("show_events is not built")
    done = harness.run([program, "mappings"])
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        name, product, category, service = line.split("\t")
        yield name, (product or None, category or None, service or None)


def logsources_of_rules():
    """Of each rule, by its lines alone: no YAML parser is needed for the block `logsource`."""
    harness.need_tool("zstd")
    folder = harness.temporary()
    harness.run(["tar", "-C", folder, "--zstd", "-xf", harness.need_shared("sigma-rules.tar.zst")])
    found = {}
    for path in sorted(folder.rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        for block in re.findall(r"^logsource:\s*\n((?:[ \t]+.*\n|\s*#.*\n)+)", text, re.M):
            keys = dict(re.findall(r"^\s{2,4}(product|category|service):\s*['\"]?([^\s'\"#]+)", block, re.M))
            found.setdefault((keys.get("product"), keys.get("category"), keys.get("service")), []).append(path.name)
    return found


def test_every_log_source_of_the_rules_is_served():
    ours = list(logsources_of_mappings())
    rules = logsources_of_rules()
    assert sum(map(len, rules.values())) > 3700
    wrong = []
    for wanted, names in sorted(rules.items(), key=str):
        served = [name for name, own in ours
                  if all(asked is None or asked == mine for asked, mine in zip(wanted, own))]
        if not served and wanted not in UNSERVED:
            wrong.append(f"{wanted}: {len(names)} rules, such as {names[0]}, and no mapping")
        if served and wanted in UNSERVED:
            wrong.append(f"{wanted} is served by {served[0]}, yet listed as unserved")
    assert not wrong, "\n".join(wrong)
    assert all(wanted in rules for wanted in PARTLY)


def test_names_are_there_once():
    names = [name for name, _ in logsources_of_mappings()]
    assert len(set(names)) >= 40
    for expected in ("windows", "windows-sysmon", "windows-security", "linux-auditd", "linux-syslog", "web-access", "huawei", "h3c"):
        assert expected in names


# (format, a line as the source writes it, log sources it must belong to, time in seconds, host).
# The lines are examples of the documentation named at the head of each file of content/sources, or published records.
LINES = [
    ("json", '{"winlog":{"channel":"Security","event_id":4688,"computer_name":"his01","event_data":{"NewProcessName":"x"}},'
     '"@timestamp":"2026-11-03T08:01:02Z"}', ["windows//security", "windows/process_creation/"], 1793692862, "his01"),
    ("json", '{"Event":{"System":{"EventID":{"#attributes":{"Qualifiers":1},"#text":22},"Computer":"c1",'
     '"Channel":"Microsoft-Windows-Sysmon/Operational"},"EventData":{"QueryName":"a.example","UtcTime":"2026-11-03 08:01:02.000"}}}',
     ["windows/dns_query/", "windows//sysmon"], 1793692862, "c1"),
    ("json", '{"Channel":"Windows PowerShell","EventID":"400","Hostname":"h","Message":"x","TimeCreated":"2026-11-03T08:01:02Z"}',
     ["windows/ps_classic_start/", "windows//powershell-classic"], 1793692862, "h"),
    ("json", '{"Channel":"Microsoft-Windows-Windows Defender/Operational","EventID":1116,"Threat Name":"x","Computer":"h"}',
     ["windows//windefend", "windows/antivirus/"], None, "h"),
    ("auditd", 'type=EXECVE msg=audit(1793692862.000:5): argc=1 a0="id"', ["linux//auditd", "linux/process_creation/"], 1793692862, ""),
    ("auditd", 'type=PATH msg=audit(1793692862.000:5): name="/x" nametype=CREATE', ["linux//auditd", "linux/file_event/"], 1793692862, ""),
    ("syslog", "2026-11-03T08:01:02Z his01 sshd[123]: Failed password for root from 10.1.1.1 port 22 ssh2",
     ["linux//sshd", "linux//auth", "linux//syslog"], 1793692862, "his01"),
    ("syslog", '2026-11-03T08:01:02Z his01 sysmon: <Event><System><Provider Name="Linux-Sysmon"/><EventID>1</EventID>'
     '<TimeCreated SystemTime="2026-11-03T08:01:02.000000000Z"/><Channel>Linux-Sysmon/Operational</Channel><Computer>his01</Computer>'
     '</System><EventData><Data Name="Image">/usr/bin/id</Data></EventData></Event>',
     ["linux/process_creation/", "linux//sysmon", "linux//syslog"], 1793692862, "his01"),
    ("syslog", "2026-11-03T08:01:02Z his01 CRON[9]: (root) CMD (x)", ["linux//cron", "linux//syslog"], 1793692862, "his01"),
    ("syslog", "<189>*Nov  3 2026 08:01:02: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:no logging",
     ["cisco//aaa", "cisco//syslog"], 1793692862, ""),
    ("syslog", "<190>Nov  3 2026 08:01:02 fw01 %%01POLICY/6/POLICYDENY(l):vsys=public, protocol=17, source-ip=192.0.2.1, "
     "source-port=49198, destination-ip=198.51.100.7, destination-port=62196, time=Nov 3 2026 14:56:05, source-zone=untrust, "
     "destination-zone=local, application-name=, rule-name=Deny.", ["huawei/firewall/"], None, "fw01"),
    ("syslog", "<190>2026-11-03 08:01:02 fw02 %%01SECLOG/6/SESSION_TEARDOWN(l):IPVer=4,Protocol=udp,SourceIP=10.123.169.167,"
     "DestinationIP=8.8.8.8,SourcePort=52451,DestinationPort=53,SourceZone=trust", ["huawei/firewall/"], 1793692862, "fw02"),
    ("syslog", "2026-11-03T08:01:02.000Z F1070-B %%10FILTER/6/FILTER_ZONE_IPV4_EXECUTION: SrcZoneName(1025)=Trust;"
     "DstZoneName(1035)=Untrust;RuleID(1078)=2;Protocol(1001)=UDP;SrcIPAddr(1003)=172.17.6.24;SrcPort(1004)=40012;"
     "DstIPAddr(1007)=114.114.114.114;DstPort(1008)=53;Event(1048)=Permit;", ["h3c/firewall/", "h3c//comware"], 1793692862, "F1070-B"),
    ("syslog", "2026-11-03T08:01:02Z localhost waf: tag:waf_log_websec site_id:1428395845 protect_id:2442812971 dst_ip:172.17.100.24 "
     "dst_port:80 src_ip:123.125.71.18 src_port:56884 method:GET domain:www.example.com uri:/info/a.jpg alertlevel:LOW "
     "event_type:Spider_Anti stat_time:2016-05-11 11:31:46", ["nsfocus/webserver/", "nsfocus//waf"], 1793692862, "localhost"),
    ("syslog", "<134>2026-11-03T08:01:02Z localhost fwlog: 日志类型:服务控制或应用控制, 用户:(null), 源IP:192.168.1.133, 源端口:38378, "
     "目的IP:222.46.22.226, 目的端口:10240, 应用类型:Other, 系统动作:允许", ["sangfor/firewall/"], 1793692862, "localhost"),
    ("kv", 'id=tos time="2026-11-03 08:01:02" fw=TopsecOS  pri=6 type=ac recorder=FW-NAT src=10.12.7.101 dst=10.0.98.143 sport=4048 '
     'dport=446 proto=tcp rule=accept connid=682102025', ["topsec/firewall/", "topsec//tos"], 1793692862, "TopsecOS"),
    ("kv", 'date=2026-11-03 time=08:01:02 devname="fw" devid="FG1" logid="0100044547" type="event" subtype="system" action="Add" '
     'cfgpath="system.admin"', ["fortigate//event"], 1793692862, "fw"),
    ("cef", "CEF:0|Vendor|FW|1|100|deny|5|rt=1793692862000 src=10.0.0.1 dst=10.0.0.2 dpt=23 act=accept dvchost=fw", ["/firewall/"],
     1793692862, "fw"),
    ("access", '192.0.2.1 - - [03/Nov/2026:08:01:02 +0000] "GET / HTTP/1.1" 200 1', ["/webserver/"], 1793692862, ""),
    ("weberror", "2026/11/03 08:01:02 [error] 12#34: *5 x, client: 192.0.2.1", ["nginx/webserver/nginx"], 1793692862, ""),
    ("json", '{"timestamp":"2026-11-03T08:01:02.000000+0000","event_type":"dns","src_ip":"10.0.0.1","dest_ip":"10.0.0.2",'
     '"dns":{"rrname":"a.example","rrtype":"TXT"}}', ["suricata/dns/", "suricata//eve"], 1793692862, ""),
    ("json", '{"ts":1793692862.0,"uid":"C1","id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2","endpoint":"svcctl","operation":"x"}',
     ["zeek//dce_rpc"], 1793692862, ""),
    ("json", '{"eventVersion":"1.05","eventTime":"2026-11-03T08:01:02Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser"}',
     ["aws//cloudtrail"], 1793692862, ""),
    ("json", '{"apiVersion":"audit.k8s.io/v1","verb":"create","requestReceivedTimestamp":"2026-11-03T08:01:02.000000Z"}',
     ["kubernetes/application/audit"], 1793692862, ""),
    ("json", '{"transaction":{"client_ip":"192.0.2.1","time_stamp":"Tue Nov  3 08:01:02 2026","request":{"method":"GET","uri":"/"}}}',
     ["modsecurity/webserver/modsecurity"], 1793692862, ""),
    ("json", '{"host":{"name":"m1","os":{"type":"macos"}},"event":{"category":["process"],"type":["start"]},'
     '"process":{"executable":"/bin/ls"},"@timestamp":"2026-11-03T08:01:02Z"}', ["macos/process_creation/"], 1793692862, "m1"),
    ("json", '{"__REALTIME_TIMESTAMP":"1793692862000000","_HOSTNAME":"h","SYSLOG_IDENTIFIER":"sudo","MESSAGE":"x"}',
     ["linux//sudo", "linux//auth", "linux//syslog"], 1793692862, "h"),
    ("json", '{"remote_addr":"192.0.2.1","request_method":"GET","request_uri":"/a?b","status":"200","time_iso8601":"2026-11-03T08:01:02Z"}',
     ["/webserver/"], 1793692862, ""),
]


def test_lines_belong_where_they_should():
    program = harness.ROOT / "build-asan/tests/show_events"
    folder = harness.temporary()
    wrong = []
    for number, (kind, line, wanted, seconds, host) in enumerate(LINES):
        path = folder / f"{number}.log"
        path.write_text(line + "\n", encoding="utf-8")
        done = harness.run([program, kind, path])
        assert done.returncode == 0, done.stderr
        event = json.loads(done.stdout.splitlines()[0])
        found = {source.split(" ")[1] for source in event["sources"]}
        got = event.get("time")
        if event["flaw"] or not set(wanted) <= found or (seconds and got != seconds * 10**9) or event["host"] != host:
            wrong.append(f"{line[:60]}: {sorted(found)} {got} {event['host']!r} {event['flaw']}")
    assert not wrong, "\n".join(wrong)
