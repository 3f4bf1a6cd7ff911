# SPDX-License-Identifier: MulanPSL-2.0
"""Tables of files against stat, sha256sum, lsattr, getcap and find."""
import os
import subprocess

from harness import NOBODY, WARD, File, Link, for_others, need_root, need_tool, run, sql, tree

PASSWD = {"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/group": "root:x:0:\n"}


def test_file_is_what_stat_says():
    tool = need_tool("stat")
    rows = sql("SELECT path, mode, uid, gid, username, groupname, size, mtime, ctime, inode, hard_links "
               "FROM file WHERE directory = '/etc' AND NOT symlink")
    assert len(rows) > 10
    out = run([tool, "-c", "%n\t%a\t%u\t%g\t%U\t%G\t%s\t%Y\t%Z\t%i\t%h", *[row["path"] for row in rows]]).stdout
    truth = [line.split("\t") for line in out.splitlines()]
    for line in truth:
        line[1] = line[1].zfill(4)
    assert [["UNKNOWN" if value is None else str(value) for value in row.values()] for row in rows] == truth


def test_all_names_of_a_directory():
    assert {row["filename"] for row in sql("SELECT filename FROM file WHERE directory = '/etc'")} == \
        set(os.listdir("/etc"))
    out = run([need_tool("find"), "/etc/ssl", "-mindepth", "1"]).stdout
    assert {row["path"] for row in sql("SELECT path FROM file WHERE path LIKE '/etc/ssl/%%'")} == set(out.splitlines())


def test_hash_is_what_the_tools_say():
    root = tree(PASSWD | {"a": "abc", "big": "x" * 1000001, "link": Link("a")})
    rows = sql("SELECT sha256, sm3 FROM hash WHERE path IN ('/a', '/big', '/link') ORDER BY path", root)
    names = [root / "a", root / "big", root / "link"]
    assert [row["sha256"] for row in rows] == \
        [line.split()[0] for line in run([need_tool("sha256sum"), *names]).stdout.splitlines()]
    sm3 = run([need_tool("openssl"), "dgst", "-sm3", "-r", *names])
    if sm3.returncode == 0:
        assert [row["sm3"] for row in rows] == [line.split()[0] for line in sm3.stdout.splitlines()]


def test_what_is_no_file_does_no_harm():
    root = tree(PASSWD | {"fifo": File(None), "loop": Link("loop"), "up": Link("../../../../etc/hostname")})
    rows = sql("SELECT path, type FROM file WHERE directory = '/' AND type <> 'directory'", root)
    assert rows == [{"path": "/fifo", "type": "fifo"}, {"path": "/loop", "type": "symlink"},
                    {"path": "/up", "type": "symlink"}]
    assert sql("SELECT path FROM hash WHERE directory = '/'", root) == []
    assert sql("SELECT path FROM file WHERE path = 'etc/passwd' OR path = ''", root) == []


def test_attributes_capabilities_and_acl():
    need_root()
    root = tree(PASSWD | {"plain": "x", "fixed": "x", "caps": "x", "acl": "x"})
    os.chmod(root / "caps", 0o755)
    # version 2, effective; cap_net_raw (13) permitted, cap_chown (0) inheritable
    os.setxattr(root / "caps", "security.capability",
                bytes.fromhex("01000002" "00200000" "01000000" "00000000" "00000000"))
    # version 2; u::rw-, u:1:r--, g::r--, m::r--, o::r--
    os.setxattr(root / "acl", "system.posix_acl_access",
                bytes.fromhex("02000000" "01000600ffffffff" "0200040001000000" "04000400ffffffff"
                              "10000400ffffffff" "20000400ffffffff"))
    immutable = subprocess.run([need_tool("chattr"), "+i", root / "fixed"], check=False, capture_output=True)
    try:
        rows = {row["filename"]: row for row in sql("SELECT * FROM file WHERE directory = '/'", root)}
        assert rows["plain"]["capabilities"] == "" and rows["plain"]["acl"] == 0
        assert rows["acl"]["acl"] == 1
        assert rows["caps"]["capabilities"] == "cap_net_raw=ep cap_chown=ei"
        if immutable.returncode == 0:
            assert rows["fixed"]["attributes"] == "i" and rows["plain"]["attributes"] in ("", "d")
    finally:
        subprocess.run(["chattr", "-i", root / "fixed"], check=False, capture_output=True)


def test_findings_are_those_of_find():
    need_root()
    find = need_tool("find")
    files = PASSWD | {"bin/": "", "tmp/.x/run": File("x", 0o755), "tmp/plain": File("x", 0o755), "dev/y": File("x", 0o700),
                      "var/lib/docker/overlay2/a/su": File("x", 0o4755)}
    files |= {f"bin/f{mode:04o}": File("x", mode) for mode in (0o4755, 0o2755, 0o6711, 0o4644, 0o666, 0o777, 0o644)}
    files |= {"bin/theirs": File("x", 0o644, 4242, 0), "bin/group": File("x", 0o644, 0, 4242)}
    root = tree(files)
    for name, mode in (("tmp", 0o1777), ("open", 0o777), ("bin/sgid", 0o2755)):
        (root / name).mkdir(exist_ok=True)
        (root / name).chmod(mode)
    os.symlink("/", root / "loop")
    kinds = {}
    for row in sql("SELECT kind, path FROM fs_findings", root):
        kinds.setdefault(row["kind"], set()).add(row["path"])

    def found(*test):
        return {"/" + line for line in run([find, ".", "(", *test, ")", "-printf", "%P\\n"], cwd=root).stdout.splitlines()}

    assert kinds["suid"] == found("-type", "f", "-perm", "-4000")
    assert kinds["sgid"] == found("-type", "f", "-perm", "-2000")
    assert kinds["world_writable"] == found("(", "-type", "f", "-perm", "-2", ")", "-o", "(", "-type", "d", "-perm",
                                            "-2", "!", "-perm", "-1000", ")")
    assert kinds["unowned"] == {"/bin/theirs", "/bin/group"}
    assert kinds["hidden_executable"] == {"/tmp/.x/run", "/dev/y"}
    assert {row["path"] for row in sql("SELECT path FROM fs_findings WHERE container", root)} == \
        {"/var/lib/docker/overlay2/a/su"}
    assert "capability" not in kinds


def test_capabilities_are_those_of_getcap():
    need_root()
    getcap = need_tool("getcap")
    root = tree(PASSWD | {"a/ping": File("x", 0o755), "a/all": File("x", 0o755), "a/old": File("x", 0o711)})
    for name, value in (("ping", "01000002" "00200000" + "00000000" * 3),
                        ("all", "00000002" "ffffffff" "00000000" "ff010000" "00000000"),
                        ("old", "01000002" "01040000" + "00000000" * 3)):
        os.setxattr(root / "a" / name, "security.capability", bytes.fromhex(value))
    truth = set()
    for line in run([getcap, "-r", root]).stdout.splitlines():
        path, _, text = line.rpartition(" ")
        truth.add((path.removeprefix(str(root)), text))
    rows = {(row["path"], row["capabilities"]) for row in sql("SELECT * FROM capabilities", root)}
    assert rows == truth and len(rows) == 3


def test_a_walk_without_rights_is_partial():
    need_root()
    root = tree(PASSWD | {"closed/x": File("x", 0o4755)})
    (root / "closed").chmod(0o700)
    query = "SELECT status FROM (SELECT count(*) FROM fs_findings) CROSS JOIN coverage WHERE table_name = 'fs_findings'"
    assert sql(query, root) == [{"status": "complete"}]
    assert sql(query, root, binary=for_others(WARD), **NOBODY) == [{"status": "partial"}]
