#!/usr/bin/env python3
# SPDX-License-Identifier: MulanPSL-2.0
"""Varied logs of Unix machines for benchmarks: `make_logs.py LINES [SEED]` to standard output.

Several hosts write through one collector, as syslog (RFC 3164): sshd, sudo, cron, the kernel (with its own clock, firewall
drops, disks), systemd, postfix, dovecot, named, dhcpd, nginx behind syslog, a database, an application that logs key=value and
one that logs JSON in Chinese. Users, addresses, paths, identifiers and durations are drawn with long tails, as they are
in real life: few are common, many are rare, some come once.
"""
import random
import sys


class Zipf:
    """Draws from a list, the first the most often."""

    def __init__(self, rng, items, skew=1.1):
        self.rng, self.items = rng, items
        total, self.steps = 0.0, []
        for rank in range(len(items)):
            total += 1 / (rank + 1) ** skew
            self.steps.append(total)

    def __call__(self):
        return self.rng.choices(self.items, cum_weights=self.steps)[0]


class World:
    def __init__(self, seed):
        rng = self.rng = random.Random(seed)
        names = ("wang li zhang liu chen yang zhao huang zhou wu nguyen tran le pham hoang vo dang bui do ho ngo duong "
                 "admin root oracle test guest postgres git ubuntu pi support backup ftpuser jenkins deploy").split()
        self.users = Zipf(rng, names + [f"{rng.choice(names)}{rng.randrange(100)}" for _ in range(300)])
        self.hosts = Zipf(rng, ["his01", "his02", "emr-db1", "lis", "pacs-gw", "web1", "web2", "mail", "dns1", "fw-core"], 0.6)
        self.inside = Zipf(rng, [f"10.{rng.randrange(4)}.{rng.randrange(256)}.{rng.randrange(1, 255)}" for _ in range(1500)], 0.9)
        self.outside = Zipf(rng, [".".join(str(rng.randrange(1, 255)) for _ in range(4)) for _ in range(6000)], 1.0)
        self.paths = Zipf(rng, ["/", "/login", "/his/api/patient", "/his/api/order", "/static/app.js", "/static/main.css",
                                "/favicon.ico", "/wp-login.php", "/.env"] +
                          [f"/his/api/{rng.choice(['patient', 'order', 'bill', 'lab', 'image'])}/{rng.randrange(10**6)}"
                           for _ in range(3000)], 0.8)
        self.agents = Zipf(rng, ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                                 f"Chrome/{major}.0.{rng.randrange(6000)}.{rng.randrange(200)} Safari/537.36" for major in range(80, 125)] +
                           ["curl/7.88.1", "python-requests/2.31.0", "Go-http-client/1.1", "-",
                            "Mozilla/5.0 zgrab/0.x"], 0.9)
        self.domains = Zipf(rng, ["example.gov.cn", "ybj.example.cn", "baohiem.example.vn", "mirrors.example.org", "ntp.example.net"] +
                            [f"{rng.choice(names)}{rng.randrange(1000)}.{rng.choice(['com', 'net', 'cn', 'vn', 'org'])}"
                             for _ in range(2000)], 1.0)
        self.units = Zipf(rng, ["logrotate.service", "apt-daily.service", "man-db.service", "fstrim.service", "user@1000.service",
                                "session-{}.scope", "nginx.service", "postgresql@15-main.service", "docker.service"], 0.7)
        self.time = 1795402800.0
        self.uptime = {}
        self.pids = {}

    def hex(self, n):
        return "%0*x" % (n, self.rng.getrandbits(4 * n))

    def pid(self, host, program, keep):
        """A process that lives for a while."""
        if (host, program) not in self.pids or self.rng.random() > keep:
            self.pids[host, program] = self.rng.randrange(300, 400000)
        return self.pids[host, program]


def sshd(w):
    user, address, port = w.users(), w.outside() if w.rng.random() < 0.7 else w.inside(), w.rng.randrange(1024, 65535)
    return "sshd", 0.6, w.rng.choices([
        f"Failed password for {user} from {address} port {port} ssh2",
        f"Failed password for invalid user {user} from {address} port {port} ssh2",
        f"Invalid user {user} from {address} port {port}",
        f"Accepted publickey for {user} from {address} port {port} ssh2: ED25519 SHA256:{w.hex(43)}",
        f"Connection closed by {address} port {port} [preauth]",
        f"Received disconnect from {address} port {port}:11: Bye Bye [preauth]",
        f"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={address}  user={user}",
        f"pam_unix(sshd:session): session opened for user {user}(uid={w.rng.randrange(1000, 1100)}) by (uid=0)",
    ], [9, 6, 6, 2, 5, 4, 5, 2])[0]


def sudo(w):
    user = w.users()
    command = w.rng.choice(["/usr/bin/apt-get update", "/bin/systemctl restart nginx", "/usr/bin/tail -f /var/log/syslog",
                            f"/bin/cat /srv/his/conf/{w.hex(6)}.yaml", f"/bin/kill -9 {w.rng.randrange(99999)}"])
    return "sudo", 0, f"{user:>8} : TTY=pts/{w.rng.randrange(12)} ; PWD=/home/{user} ; USER=root ; COMMAND={command}"


def cron(w):
    job = w.rng.choice(["(root) CMD (   cd / && run-parts --report /etc/cron.hourly)",
                        "(www-data) CMD ([ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean)",
                        f"(backup) CMD (/usr/local/bin/dump-his --slot {w.rng.randrange(24)} > /dev/null)",
                        "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
                        "pam_unix(cron:session): session closed for user root"])
    return "CRON", 0.3, job


def kernel(w, host):
    up = w.uptime[host] = w.uptime.get(host, w.rng.uniform(100, 9e6)) + w.rng.expovariate(1 / 3)
    flow = (f"IN=eth0 OUT= MAC={':'.join(w.hex(2) for _ in range(3))}:52:54:00:12:34:56:08:00 SRC={w.outside()} DST={w.inside()} "
            f"LEN={w.rng.choice([40, 44, 52, 60])} TOS=0x00 PREC=0x00 TTL={w.rng.randrange(30, 128)} ID={w.rng.randrange(65536)} "
            f"DF PROTO=TCP SPT={w.rng.randrange(1024, 65536)} DPT={w.rng.choice([22, 23, 80, 443, 445, 3389, 6379, w.rng.randrange(65536)])} "
            f"WINDOW={w.rng.choice([1024, 8192, 65535])} RES=0x00 SYN URGP=0")
    text = w.rng.choices([f"[UFW BLOCK] {flow}", f"EXT4-fs (sda{w.rng.randrange(1, 4)}): re-mounted. Opts: errors=remount-ro",
                          f"perf: interrupt took too long ({w.rng.randrange(2500, 9000)} > {w.rng.randrange(2500, 9000)}), lowering "
                          f"kernel.perf_event_max_sample_rate to {w.rng.randrange(20, 80) * 1000}",
                          f"device veth{w.hex(7)} entered promiscuous mode",
                          f"audit: type=1400 audit({w.time:.3f}:{w.rng.randrange(99999)}): apparmor=\"DENIED\" operation=\"open\" "
                          f"profile=\"/usr/sbin/mysqld\" name=\"/proc/{w.rng.randrange(99999)}/status\" pid={w.rng.randrange(99999)}"],
                         [12, 1, 1, 2, 2])[0]
    return "kernel", None, f"[{up:12.6f}] {text}"


def systemd(w):
    unit = w.units().format(w.rng.randrange(4000))
    return "systemd", None, w.rng.choice([f"Starting {unit}...", f"Started {unit}.", f"{unit}: Deactivated successfully.",
                                          f"{unit}: Consumed {w.rng.uniform(0.01, 30):.3f}s CPU time.", f"Stopping {unit}..."])


def postfix(w):
    queue, user = w.hex(10).upper(), w.users()
    return w.rng.choice([
        ("postfix/smtpd", 0.8, f"connect from {w.domains()}[{w.outside()}]"),
        ("postfix/smtpd", 0.8, f"disconnect from {w.domains()}[{w.outside()}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"),
        ("postfix/qmgr", 0.999, f"{queue}: from=<{user}@{w.domains()}>, size={int(w.rng.paretovariate(1) * 900)}, nrcpt=1 (queue active)"),
        ("postfix/smtp", 0.7, f"{queue}: to=<{w.users()}@{w.domains()}>, relay={w.domains()}[{w.outside()}]:25, "
                              f"delay={w.rng.uniform(0.1, 9):.2g}, delays=0.05/0.01/{w.rng.uniform(0, 3):.2f}/{w.rng.uniform(0, 3):.2f}, "
                              f"dsn=2.0.0, status=sent (250 2.0.0 OK {w.hex(16)})"),
        ("postfix/cleanup", 0.8, f"{queue}: message-id=<{w.hex(8)}-{w.hex(4)}@{w.domains()}>"),
        ("dovecot", None, f"imap-login: Login: user=<{user}>, method=PLAIN, rip={w.inside()}, lip=10.0.0.5, mpid={w.rng.randrange(99999)}, "
                          f"TLS, session=<{w.hex(16)}>"),
    ])


def named(w):
    return "named", 0.9999, (f"client @0x{w.hex(12)} {w.inside()}#{w.rng.randrange(1024, 65535)} ({w.domains()}): query: "
                             f"{w.domains()} IN {w.rng.choice(['A', 'A', 'AAAA', 'PTR', 'MX'])} +E(0)K (10.0.0.53)")


def dhcpd(w):
    mac = ":".join(w.hex(2) for _ in range(6))
    return "dhcpd", 0.9999, w.rng.choice([f"DHCPREQUEST for {w.inside()} from {mac} via eth1", f"DHCPACK on {w.inside()} to {mac} (pc-{w.hex(4)}) via eth1",
                                          f"DHCPDISCOVER from {mac} via eth1"])


def nginx(w):
    stamp = f"{int(w.time) // 3600 % 24:02d}:{int(w.time) // 60 % 60:02d}:{int(w.time) % 60:02d}"
    query = w.rng.choice(["", "", f"?id={w.rng.randrange(10**6)}", f"?token={w.hex(32)}", f"?page={w.rng.randrange(40)}&size=20"])
    return "nginx", None, (f"{w.outside()} - {w.rng.choice(['-', '-', w.users()])} [23/Nov/2026:{stamp} +0800] \"{w.rng.choice(['GET'] * 6 + ['POST', 'HEAD'])} "
                           f"{w.paths()}{query} HTTP/1.1\" {w.rng.choices([200, 304, 404, 302, 500, 403], [70, 9, 9, 5, 1, 3])[0]} "
                           f"{int(w.rng.paretovariate(0.8) * 200)} \"{w.rng.choice(['-', 'https://his.example.cn/'])}\" \"{w.agents()}\" "
                           f"{w.rng.expovariate(20):.3f}")


def postgres(w):
    return "postgres", 0.5, w.rng.choice([
        f"[{w.rng.randrange(9999)}-1] {w.users()}@his LOG:  duration: {w.rng.expovariate(1 / 80):.3f} ms  statement: SELECT * FROM bill "
        f"WHERE patient_id = {w.rng.randrange(10**7)} AND day >= '2026-{w.rng.randrange(1, 13):02d}-01'",
        f"[{w.rng.randrange(9999)}-1] LOG:  checkpoint complete: wrote {w.rng.randrange(3000)} buffers ({w.rng.uniform(0, 20):.1f}%); "
        f"0 WAL file(s) added, 0 removed, {w.rng.randrange(3)} recycled; write={w.rng.uniform(1, 270):.3f} s, sync={w.rng.uniform(0, 1):.3f} s",
        f"[{w.rng.randrange(9999)}-1] {w.users()}@his FATAL:  password authentication failed for user \"{w.users()}\"",
    ])


def application(w):
    return "his-app", 0.99999, (f"level={w.rng.choice(['info', 'info', 'info', 'warn', 'error'])} trace={w.hex(32)} module={w.rng.choice(['bill', 'order', 'auth', 'lab'])} "
                                f"user={w.users()} ip={w.inside()} cost={int(w.rng.lognormvariate(3, 1))}ms "
                                f"msg=\"{w.rng.choice(['医保结算成功', '登录失败', '处方已审核', '连接超时, 稍后重试', 'đăng nhập thất bại'])}\" id={w.rng.randrange(10**8)}")


def application_json(w):
    return "emr", 0.99999, (f'{{"ts":{w.time:.3f},"level":"{w.rng.choice(["INFO", "INFO", "WARN"])}","logger":"cn.example.emr.{w.rng.choice(["Auth", "Record", "Export"])}Service",'
                            f'"thread":"http-nio-8080-exec-{w.rng.randrange(1, 60)}","user":"{w.users()}","patient":"P{w.rng.randrange(10**7):07d}",'
                            f'"message":"{w.rng.choice(["查看病历", "导出病历", "修改医嘱", "登录失败"])}","ms":{int(w.rng.lognormvariate(3, 1))}}}')


def main():
    lines, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    world = World(seed)
    makers = [sshd, sudo, cron, systemd, postfix, named, dhcpd, nginx, postgres, application, application_json]
    weights = [18, 1, 4, 3, 14, 10, 4, 20, 5, 8, 6]
    out = []
    for _ in range(lines):
        world.time += world.rng.expovariate(40)
        host = world.hosts()
        if world.rng.random() < 0.1:
            program, keep, text = kernel(world, host)
        else:
            program, keep, text = world.rng.choices(makers, weights)[0](world)
        number = "" if keep is None else f"[{world.pid(host, program, keep)}]"
        second = int(world.time)
        day = 23 + second // 86400 - 1795402800 // 86400
        out.append(f"Nov {day:2d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d} {host} {program}{number}: {text}\n")
    sys.stdout.write("".join(out))


if __name__ == "__main__":
    main()
