# SPDX-License-Identifier: MulanPSL-2.0
"""Package tables against dpkg and apt."""
import hashlib
import pathlib
import random

from harness import ROOT, File, Link, Skip, need_tool, run, sql, tree


def test_deb_packages_are_those_of_dpkg_query():
    tool = need_tool("dpkg-query")
    fields = ("Package", "Version", "source:Package", "source:Version", "Architecture", "Status", "Maintainer",
              "Section", "Priority", "Essential")
    out = run([tool, "-W", "-f", "\\t".join("${%s}" % field for field in fields) + "\\n"]).stdout
    truth = sorted(line.split("\t") for line in out.splitlines())
    rows = sql("SELECT name, version, source, source_version, arch, status, maintainer, section, priority, "
               "iif(essential, 'yes', 'no') FROM deb_packages WHERE status NOT LIKE '% not-installed'")
    assert sorted([value or "" for value in row.values()] for row in rows) == truth


def package_root():
    """A root with two packages, and everything that can be wrong with them."""
    def md5(text):
        return hashlib.md5(text.encode()).hexdigest()

    def status(name, more=""):
        return f"Package: {name}\nStatus: install ok installed\nMaintainer: x <x@y>\nArchitecture: all\n" \
               f"Version: 1\n{more}Description: x\n\n"

    conffiles = "Conffiles:\n" + "".join(
        f" /etc/{name} {md5('good')}{flag}\n" for name, flag in
        (("same", ""), ("edited", ""), ("gone", ""), ("old", " obsolete"), ("with space", "")))
    files = ["same", "edited", "gone", "diverted", "mine", "link", "folder", "fifo", "a name"]
    root = tree({
        "etc/os-release": "ID=debian\n",
        "var/lib/dpkg/status": status("one", conffiles) + status("two") +
        "Package: removed\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\nMaintainer: x\n"
        f"Conffiles:\n /etc/left {md5('good')}\nDescription: x\n",
        "var/lib/dpkg/info/format": "1\n",
        "var/lib/dpkg/info/one.md5sums": "".join(f"{md5('good')}  usr/{name}\n" for name in files),
        "var/lib/dpkg/info/two.md5sums": f"{md5('theirs')}  usr/diverted\n",
        "var/lib/dpkg/info/one.list": "/.\n/usr\n" + "".join(f"/usr/{name}\n" for name in files) +
        "".join(f"/etc/{name}\n" for name in ("same", "edited", "gone", "old", "with space")),
        "var/lib/dpkg/info/two.list": "/.\n/usr\n/usr/diverted\n",
        "var/lib/dpkg/diversions": "/usr/diverted\n/usr/diverted.one\ntwo\n/usr/mine\n/usr/mine.distrib\n:\n",
        "usr/same": "good", "usr/edited": "bad", "usr/diverted": "theirs", "usr/diverted.one": "good",
        "usr/mine": "other", "usr/mine.distrib": "good", "usr/real": "good", "usr/link": Link("/usr/real"),
        "usr/folder/": "", "usr/fifo": File(None), "usr/a name": "bad",
        "etc/same": "good", "etc/edited": "bad", "etc/old": "bad", "etc/with space": "good", "etc/left": "bad",
    })
    return root


def test_deb_verify():
    rows = sql("SELECT package, path, status, conffile FROM deb_verify ORDER BY path", package_root())
    assert [tuple(row.values()) for row in rows] == [
        ("one", "/etc/edited", "changed", 1), ("one", "/etc/gone", "missing", 1), ("one", "/etc/old", "changed", 1),
        ("one", "/usr/a name", "changed", 0), ("one", "/usr/edited", "changed", 0), ("one", "/usr/fifo", "changed", 0),
        ("one", "/usr/folder", "changed", 0), ("one", "/usr/gone", "missing", 0)]


def test_deb_verify_is_what_dpkg_says():
    dpkg = need_tool("dpkg")
    root = package_root()
    (root / "usr/fifo").unlink()  # dpkg waits for a writer
    (root / "usr/fifo").write_text("good")
    (root / "usr/folder").rmdir()
    out = run([dpkg, f"--root={root}", "--verify"], cwd="/").stdout
    # dpkg --root takes links to absolute paths from the system's own root, so that one is not compared.
    truth = {(line[12:].strip().removeprefix(str(root)), line[10] == "c") for line in out.splitlines()}
    rows = sql("SELECT path, conffile FROM deb_verify", root)
    link = ("/usr/link", False)
    assert {(row["path"], bool(row["conffile"])) for row in rows} - {link} == truth - {link}, out


def test_deb_verify_leaves_out_what_was_not_to_be_installed():
    root = package_root()
    config = root / "etc/dpkg/dpkg.cfg.d"
    config.mkdir(parents=True)
    (config / "docker").write_text("path-exclude=/usr/*\npath-include=/usr/other\n")
    assert "/usr/gone" not in {row["path"] for row in sql("SELECT path FROM deb_verify", root)}
    (config / "docker").write_text("path-exclude=/usr/*\npath-include=/usr/gone\n")
    assert "/usr/gone" in {row["path"] for row in sql("SELECT path FROM deb_verify", root)}


def test_apt_updates_are_those_of_apt():
    apt = need_tool("apt")
    if not list(pathlib.Path("/var/lib/apt/lists").glob("*_Packages*")):
        raise Skip("apt has no lists here")
    if any(pathlib.Path("/etc/apt/preferences.d").iterdir()):
        pinned = run(["apt-cache", "policy"]).stdout.partition("Pinned packages:")[2]
    else:
        pinned = ""
    truth = {}
    for line in run([apt, "list", "--upgradable"]).stdout.splitlines()[1:]:
        where, candidate, arch, rest = line.split(" ", 3)
        name, _, suites = where.partition("/")
        if f" {name} -> " not in pinned:
            truth[name, arch] = candidate, rest.partition("from: ")[2].rstrip("]")
    rows = sql("SELECT name, arch, candidate, installed FROM apt_updates")
    assert {(row["name"], row["arch"]): (row["candidate"], row["installed"]) for row in rows
            if f" {row['name']} -> " not in pinned} == truth


RPM = {"rpm_packages": "var/lib/rpm/rpmdb.sqlite", "rpm_packages-ndb": "usr/lib/sysimage/rpm/Packages.db",
       "rpm_packages-berkeley": "var/lib/rpm/Packages"}


def test_a_damaged_rpm_database_is_said_to_be():
    seed = random.Random(7)
    for folder, name in RPM.items():
        whole = (ROOT / "tests/tables" / folder / "root" / name).read_bytes()
        root = tree({"etc/os-release": "ID=rocky\nID_LIKE=rhel\n", name: File("")})
        query = "SELECT n, status FROM (SELECT count(*) n FROM rpm_packages), coverage WHERE table_name = 'rpm_packages'"
        for cut in (0, 20, 100, 4096, 5000, len(whole) - 40):
            (root / name).write_bytes(whole[:cut])
            assert sql(query, root)[0]["status"] != "complete" or cut > 4999, f"{folder} cut at {cut}"
        for _ in range(12):
            damaged = bytearray(whole)
            for _ in range(seed.choice((1, 8, 64))):
                damaged[seed.randrange(len(damaged))] = seed.randrange(256)
            (root / name).write_bytes(damaged)
            sql(query, root)  # no crash, no sanitizer's report


def test_reading_an_rpm_database_leaves_nothing_behind():
    for folder, name in RPM.items():
        whole = (ROOT / "tests/tables" / folder / "root" / name).read_bytes()
        root = tree({"etc/os-release": "ID=rocky\n", name: File(""), name + "-wal": "not empty"})
        (root / name).write_bytes(whole)
        before = {path: path.read_bytes() for path in (root / name).parent.iterdir()}
        answer = sql("SELECT name FROM rpm_packages ORDER BY name", root)
        assert [row["name"] for row in answer] == ["alpha", "beta"]
        assert {path: path.read_bytes() for path in (root / name).parent.iterdir()} == before


def test_rpm_packages_are_those_of_rpm():
    rpm = need_tool("rpm")
    fields = ("name", "version", "release", "epochnum", "size", "installtime")
    out = run([rpm, "-qa", "--qf", "\\t".join("%{" + field + "}" for field in fields) + "\\n"])
    truth = sorted(out.stdout.splitlines())
    if out.returncode or not truth:
        raise Skip("rpm has no packages here")
    rows = sql("SELECT name, version, release, coalesce(epoch, 0), size, install_time FROM rpm_packages")
    assert sorted("\t".join(str(value) for value in row.values()) for row in rows) == truth
