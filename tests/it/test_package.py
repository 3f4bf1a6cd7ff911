# SPDX-License-Identifier: MulanPSL-2.0
"""The Debian package: built, installed into a throw-away root, used, removed."""
import gzip
import re
import shutil

from harness import ROOT, WARD_RELEASE, need_root, need_tool, run, sources, temporary


def build():
    need_tool("dpkg-buildpackage")
    need_tool("dh")
    folder = temporary()
    done = run(["sh", ROOT / "tools/deb.sh", folder], cwd=ROOT, timeout=500)
    assert done.returncode == 0, done.stderr
    packages = list(folder.glob("ward_*.deb"))
    assert len(packages) == 1, packages
    return packages[0]


def control_field(package, name):
    return run(["dpkg-deb", "-f", package, name]).stdout.strip()


def test_package_is_built_installed_and_removed():
    need_root()  # dpkg insists
    package = build()
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]
    assert control_field(package, "Version") == version
    assert "libc6" in control_field(package, "Depends") and "libyaml" in control_field(package, "Depends")

    # A root of its own whose dpkg believes in this machine's packages, so that Depends is really checked.
    root = temporary()
    for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/log", "tmp"):
        (root / folder).mkdir(parents=True)
    shutil.copy("/var/lib/dpkg/status", root / "var/lib/dpkg/status")
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\n")

    dpkg = ["dpkg", f"--root={root}", "--force-script-chrootless"]
    done = run([*dpkg, "-i", package])
    assert done.returncode == 0, done.stderr[-2000:]
    query = run(["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f=${Status}", "ward"])
    assert query.stdout == "install ok installed"

    done = run([root / "usr/bin/ward", "--version"])
    assert done.stdout == f"ward {version}\n", done.stderr
    for page in ("man1/ward.1.gz", "zh_CN/man1/ward.1.gz", "vi/man1/ward.1.gz"):
        assert b".TH" in gzip.decompress((root / "usr/share/man" / page).read_bytes())
    assert (root / "usr/share/bash-completion/completions/ward.bash").stat().st_size > 500
    for unit in ("ward.service", "ward-collect.service"):
        assert (root / "lib/systemd/system" / unit).exists() or (root / "usr/lib/systemd/system" / unit).exists(), unit
    assert re.search(r"^ward:", (root / "etc/passwd").read_text(), re.M), "the user of the collector"
    assert "木兰" in (root / "usr/share/doc/ward/LICENSE").read_text()

    assert run([*dpkg, "--purge", "ward"]).returncode == 0
    left = [str(path.relative_to(root)) for path in root.rglob("*")
            if not path.is_dir() and not str(path.relative_to(root)).startswith(("var/", "etc/"))]
    assert not left, left


def test_the_list_of_packages_is_complete_here():
    """`make test` brought us here, so nothing that it needs may be missing; a second look is quick."""
    done = run(["sh", ROOT / "tools/packages.sh", "-n", "build", "test"], env={"CI": ""})
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout


def test_a_missing_package_is_named_and_needs_root():
    copy = temporary() / "ward"
    shutil.copytree(ROOT / "tools", copy / "tools")
    (copy / "debian").mkdir()
    (copy / "debian/control").write_text(
        "Source: ward\nBuild-Depends:\n libc6,\n no-such-package-a (>= 1.0),\n no-such-package-b <!nocheck>,\n"
        " no-such-package-c <pkg.ward.bench> <pkg.ward.lint>,\n\nPackage: ward\nDepends: no-such-package-d\n")

    def missing(*goals):
        return run(["sh", copy / "tools/packages.sh", "-n", *goals]).stdout.split()

    assert missing("build") == ["no-such-package-a"]
    assert missing("build", "test") == ["no-such-package-a", "no-such-package-b"]
    assert missing("lint") == missing("bench") == ["no-such-package-a", "no-such-package-c"]
    assert missing("fuzz") == ["no-such-package-a"]

    # Neither root nor sudo: a clear message, nothing tried.
    tools = temporary() / "bin"
    tools.mkdir()
    (tools / "id").write_text("#!/bin/sh\necho 1000\n")
    for name in ("sh", "awk", "dpkg-query", "sed", "dirname"):
        (tools / name).symlink_to(need_tool(name))
    (tools / "id").chmod(0o755)
    done = run(["/bin/sh", copy / "tools/packages.sh", "build"], env={"PATH": str(tools)})
    assert done.returncode == 1
    assert "As root, run: apt-get install no-such-package-a\n" in done.stderr, done.stderr


def test_start_is_cheap():
    """Each of these adds its part of 5 ms to every start: sys/library.h loads them when needed."""
    heavy = ("libgnutls", "libarchive", "libsystemd", "libxml2", "libicu", "libstdc++")
    needed = run([need_tool("readelf"), "-d", WARD_RELEASE]).stdout
    assert "NEEDED" in needed
    assert not [line for line in needed.splitlines() if "NEEDED" in line and any(name in line for name in heavy)], needed


def test_libraries_loaded_on_demand_are_recommended():
    """The package tools see only what is linked."""
    names = {match for path in sources("src") for match in re.findall(r'^LIBRARY\(\w+, "([^"]+)"', path.read_text(),
                                                                      re.MULTILINE)}
    control = (ROOT / "debian/control").read_text()
    recommended = re.search(r"^Recommends:(.*(?:\n .*)*)", control, re.MULTILINE)
    recommended = re.split(r"[\s,]+", recommended[1].strip()) if recommended else []
    for name in names:
        owner = run(["dpkg", "-S", f"*/{name}"]).stdout.split(":")[0]
        assert owner in recommended, f"{name} is of {owner}: add it to Recommends in debian/control"
