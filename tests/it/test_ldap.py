# SPDX-License-Identifier: MulanPSL-2.0
"""Login by a directory: a private slapd on loopback, ended by its id."""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import time

from harness import WARD, Skip, environment, need_tool, run, temporary, ward
from office import PASSWORD, Office

SUFFIX = "dc=example,dc=cn"
PEOPLE = f"""dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people

dn: cn=ward,{SUFFIX}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: ward
userPassword: reader-password

dn: uid=chen,ou=people,{SUFFIX}
objectClass: inetOrgPerson
uid: chen
cn: 陈静
sn: 陈
userPassword: Lotus pond 7
employeeType: leaders

dn: uid=wu,ou=people,{SUFFIX}
objectClass: inetOrgPerson
uid: wu
cn: Wu
sn: Wu
userPassword: Lotus pond 8
employeeType: officers
employeeType: strangers
"""


@contextlib.contextmanager
def directory(scheme="ldap", more=""):
    """Its address, with everything in a folder of its own. `more`: lines of its configuration."""
    slapd, slapadd = need_tool("slapd"), need_tool("slapadd")
    folder = temporary()
    (folder / "data").mkdir()
    modules = next((path for path in ("/usr/lib/ldap", "/usr/lib64/openldap") if os.path.isdir(path)), None)
    if not modules or not os.path.isdir("/etc/ldap/schema"):
        raise Skip("slapd has no modules or schemas here")
    (folder / "slapd.conf").write_text("".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "inetorgperson")) + f"""
modulepath {modules}
moduleload back_mdb
pidfile {folder}/pid
{more}
database mdb
suffix "{SUFFIX}"
directory {folder}/data
rootdn "cn=root,{SUFFIX}"
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=ward,{SUFFIX}" read by * none
""")
    (folder / "people.ldif").write_text(PEOPLE)
    done = run([slapadd, "-f", folder / "slapd.conf", "-l", folder / "people.ldif"])
    assert done.returncode == 0, done.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([slapd, "-f", str(folder / "slapd.conf"), "-h", f"{scheme}://127.0.0.1:{port}", "-d", "0"], env=environment(),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"{scheme}://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(20)


def configuration(url, folder, more=""):
    secret = folder / "reader"
    secret.write_text("reader-password\n")
    secret.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(secret, "root")
    return f"""ldap:
  url: {url}
  base: ou=people,{SUFFIX}
  filter: (&(objectClass=inetOrgPerson)(uid={{login}}))
  bind_dn: cn=ward,{SUFFIX}
  bind_password_file: {secret}
  groups: employeeType
  roles: {{leaders: leader, officers: officer}}
  timeout: 3
{more}"""


def test_people_of_the_directory_log_in():
    with directory() as (url, process):
        with Office(config=configuration(url, temporary())) as office:
            first = office.first()
            chen = office.client().login("chen", "Lotus pond 7")
            _, session = chen.session()
            assert session["user"]["name"] == "陈静" and session["roles"] == ["leader"] and session["must"] is None, session
            assert session["org"]["name"] == "Office under test", session
            # They are a person of the register, so that work can be given to them, and stay the same one.
            person = session["person"]["id"]
            status, shown = first.get(f"/api/records/person/{person}")
            assert status == 200 and shown["record"]["name"] == "陈静", shown
            assert office.client().login("chen", "Lotus pond 7").session()[1]["person"]["id"] == person
            assert chen.post("/api/password", {"old": "Lotus pond 7", "new": "another Lotus-7 pond"})[0] == 403
            _, session = office.client().login("Wu", "Lotus pond 8").session()
            assert session["roles"] == ["officer"], session
            for login, password in (("chen", "Lotus pond 8"), ("*", "Lotus pond 7"), ("chen)(uid=*", "Lotus pond 7"),
                                    ("ch*", "Lotus pond 7"), ("nobody", "Lotus pond 7"), ("ward", "reader-password")):
                status, answer = office.client().post("/api/login", {"login": login, "password": password})
                assert status == 401 and answer["error"]["code"] == "login", (login, answer)
            # A local account stays local: the directory has no say about it.
            assert office.client().post("/api/login", {"login": "first", "password": PASSWORD})[0] == 401  # its code is asked for
            _, users = first.get("/api/users")
            assert {user["login"]: user["directory"] for user in users["rows"]} == {"first": False, "chen": True, "wu": True}, users
            # When it does not answer, it is said, and nobody gets in.
            process.terminate()
            process.wait()
            status, answer = office.client().post("/api/login", {"login": "chen", "password": "Lotus pond 7"})
            assert status == 503, (status, answer)


def authority(folder, name):
    """A private one: NAME.crt and NAME.key."""
    done = run([need_tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"])
    assert done.returncode == 0, done.stderr


def certified(folder, name):
    """Lines of slapd's configuration: a certificate of `ours` for this name."""
    ours, made = folder / "ours.crt", folder / "slapd"
    done = run([need_tool("openssl"), "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=slapd",
                "-addext", f"subjectAltName={name}", "-keyout", f"{made}.key", "-out", f"{made}.csr"])
    assert done.returncode == 0, done.stderr
    done = run([need_tool("openssl"), "x509", "-req", "-in", f"{made}.csr", "-CA", ours, "-CAkey", folder / "ours.key", "-days", "1",
                "-copy_extensions", "copy", "-out", f"{made}.crt"])
    assert done.returncode == 0, done.stderr
    return f"TLSCACertificateFile {ours}\nTLSCertificateFile {made}.crt\nTLSCertificateKeyFile {made}.key\n"


def doctor(lines):
    return {(line["topic"], line["state"]): line["text"] for line in lines}


def look(office):
    return doctor(json.loads(ward("doctor", "--dir", office.dir, "--format", "json").stdout)["lines"])


def test_over_tls():
    folder = temporary()
    for name in ("ours", "theirs"):
        authority(folder, name)
    chen = {"login": "chen", "password": "Lotus pond 7"}
    no_name, no_trust = "its certificate does not name '127.0.0.1'", "its certificate is of no authority that is trusted"
    for scheme, more in (("ldaps", ""), ("ldap", "  start_tls: true\n")):
        with directory(scheme, certified(folder, "IP:127.0.0.1")) as (url, process):
            with Office(config=configuration(url, temporary(), f"{more}  ca: {folder}/ours.crt\n")) as office:
                first = office.first()
                _, session = office.client().login(**chen).session()
                assert session["user"]["name"] == "陈静" and session["roles"] == ["leader"], session
                assert office.client().post("/api/login", chen | {"password": "Lotus pond 8"})[0] == 401
                assert ("directory", "good") in look(office), look(office)
                process.terminate()
                process.wait()
                assert office.client().post("/api/login", chen)[0] == 503
                assert ("directory", "wrong") in doctor(first.get("/api/doctor")[1]["lines"])
                office.check_words()
    # Who speaks for it is not believed without its certificate: nobody gets in, and it is said why, here, in the log and by the doctor.
    for scheme, more, names, trusted, why in (
            ("ldaps", "", "IP:127.0.0.1", "theirs", no_trust), ("ldap", "  start_tls: true\n", "IP:127.0.0.1", None, no_trust),
            ("ldap", "  start_tls: true\n", "DNS:ldap.example.cn", "ours", no_name)):
        with directory(scheme, certified(folder, names)) as (url, _):
            with Office(config=configuration(url, temporary(), more + (f"  ca: {folder}/{trusted}.crt\n" if trusted else ""))) as office:
                first = office.first()
                status, answer = office.client().post("/api/login", chen)
                assert status == 503 and why in answer["error"]["text"], (status, answer)
                assert f"server: the directory {url}: {why}" in office.words(), office.words()
                assert why in doctor(first.get("/api/doctor")[1]["lines"])["directory", "wrong"]
                assert why in look(office)["directory", "wrong"]
                assert [user["login"] for user in first.get("/api/users")[1]["rows"]] == ["first"]
    # One that cannot speak TLS is not spoken to in clear instead.
    with directory() as (url, _):
        with Office(config=configuration(url, temporary(), "  start_tls: true\n")) as office:
            office.first()
            assert office.client().post("/api/login", chen)[0] == 503
            assert ("directory", "wrong") in look(office)
    # Not a certificate: what the system trusts is not taken instead.
    with directory("ldaps", certified(folder, "IP:127.0.0.1")) as (url, _):
        with Office(config=configuration(url, temporary(), f"  ca: {folder}\n")) as office:
            office.first()
            status, answer = office.client().post("/api/login", chen)
            assert status == 503 and "cannot be used" in answer["error"]["text"], (status, answer)


def test_what_would_betray_passwords_is_refused():
    folder = temporary()
    base = configuration("ldap://127.0.0.1:1", folder)
    for change, words in (
            (("ldap://127.0.0.1:1", "ldap://ldap.example.cn"), "passwords would cross the network in clear"),
            (("ldap://127.0.0.1:1", "ldap://127.0.0.1.example.cn"), "passwords would cross the network in clear"),
            (("ldap://127.0.0.1:1", "http://ldap.example.cn"), "begins with ldaps://"),
            (("(uid={login})", "(uid=zhang)"), "has {login} in it"),
            (("leaders: leader", "leaders: security"), "cannot come from a directory"),
            (("leaders: leader", "leaders: boss"), "is no role"),
            (("  groups:", "  ca: /nowhere/ca.crt\n  groups:"), "cannot open '/nowhere/ca.crt'"),
            (("  bind_password_file", "  nothing"), "unknown key 'nothing'")):
        office = temporary() / "office"
        office.mkdir()
        (office / "ward.yaml").write_text(base.replace(*change))
        done = run([WARD, "up", "--dir", office, "--listen", "127.0.0.1:0"])
        assert done.returncode == 2 and words in done.stderr, (change, done.stderr)
        if "in clear" in words:
            assert words in json.dumps(json.loads(ward("doctor", "--dir", office, "--format", "json").stdout)), change
    (folder / "reader").chmod(0o644)
    office = temporary() / "office"
    office.mkdir()
    (office / "ward.yaml").write_text(base)
    done = run([WARD, "up", "--dir", office, "--listen", "127.0.0.1:0"])
    assert done.returncode == 2 and "others may read" in done.stderr, done.stderr
