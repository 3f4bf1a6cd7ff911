# SPDX-License-Identifier: MulanPSL-2.0
"""Host tables against fixture trees: every folder of tests/tables/.

    tests/tables/TABLE/root/…            a small tree, with etc/os-release or etc/passwd
    tests/tables/TABLE/expected.tsv      column names, then the rows expected, tab-separated
    tests/tables/TABLE-CASE/…            further cases

NULL is \\N; a tab, newline or backslash in a value is \\t, \\n, \\\\. Lines before the column names:

    # coverage: partial          also "complete" (the default) or "unavailable"
    # reason: cannot read        words that the reason must hold
    # where: path = '/etc/x'     the rows asked for
    # order: uid, name           otherwise the order of the table
    # mode: etc/shadow 0640      what git does not keep; the tree is then copied before
    # mtime: etc/shadow 1700000000
    # empty: etc/sudoers.d       an empty folder
    # fifo: etc/pipe             a FIFO
    # sparse: var/log/lastlog 4096    a file made longer, with a hole
"""
import os
import pathlib
import re
import shutil

from harness import ROOT, sql, temporary

TABLES = ROOT / "tests" / "tables"
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def value(text):
    if text == "\\N":
        return None
    return re.sub(r"\\([tnr\\])", lambda match: ESCAPES[match[1]], text)


def said(cell):
    """A cell of an answer as it stands in expected.tsv."""
    if isinstance(cell, float):
        return f"{cell:g}"
    return cell if cell is None else str(cell)


def read_expected(path):
    """The directives (name -> values), the columns and the rows."""
    lines = path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    if lines[-1] == "":
        lines.pop()
    directives = {}
    while lines and lines[0].startswith("# "):
        name, _, text = lines.pop(0)[2:].partition(":")
        directives.setdefault(name, []).append(text.strip())
    known = {"coverage", "reason", "where", "order", "mode", "mtime", "empty", "fifo", "sparse"}
    assert set(directives) <= known, f"{path}: unknown {set(directives) - known}"
    assert lines, f"{path}: no column names"
    return directives, lines[0].split("\t"), [[value(cell) for cell in line.split("\t")] for line in lines[1:]]


def prepare(folder, directives):
    """The tree to look at."""
    root = folder / "root"
    if not any(directives.get(name) for name in ("mode", "mtime", "empty", "fifo", "sparse")):
        return root
    copy = temporary() / "root"
    shutil.copytree(root, copy, symlinks=True)
    copy.parent.chmod(0o755)
    for name in directives.get("empty", []):
        (copy / name).mkdir(parents=True, exist_ok=True)
    for name in directives.get("fifo", []):
        os.mkfifo(copy / name)
    for text in directives.get("sparse", []):
        name, size = text.rsplit(maxsplit=1)
        os.truncate(copy / name, int(size))
    for text in directives.get("mode", []):
        name, mode = text.rsplit(maxsplit=1)
        (copy / name).chmod(int(mode, 8))
    for text in directives.get("mtime", []):
        name, when = text.rsplit(maxsplit=1)
        os.utime(copy / name, (int(when), int(when)))
    return copy


def described():
    """Table name -> its flags, from the sources."""
    found = {}
    for path in (ROOT / "src" / "fact" / "tables").glob("*.c"):
        for match in re.finditer(r"^const struct table table_(\w+) = \{(.*?)^\};", path.read_text(),
                                 re.MULTILINE | re.DOTALL):
            flags = re.search(r"\.flags = ([\w |]+),", match[2])
            found[match[1]] = flags[1] if flags else ""
    return found


def compare(folder):
    """What is wrong with one fixture: a list of lines."""
    table = folder.name.split("-")[0]
    directives, columns, rows = read_expected(folder / "expected.tsv")
    root = prepare(folder, directives)
    where = " WHERE " + directives["where"][0] if "where" in directives else ""
    order = " ORDER BY " + directives["order"][0] if "order" in directives else ""
    names = ", ".join(f'"{column}"' for column in columns)
    answer = sql(f"SELECT {names} FROM {table}{where}{order}", root)
    # The table first, so that its coverage is known when coverage is read.
    coverage = sql(f"SELECT c.status, c.reason FROM (SELECT count(*) n FROM {table}{where}) t "
                   f"CROSS JOIN coverage c WHERE c.table_name = '{table}'", root)
    wrong = []
    got = [[said(row[column]) for column in columns] for row in answer]
    for number in range(max(len(got), len(rows))):
        want_row = rows[number] if number < len(rows) else None
        got_row = got[number] if number < len(got) else None
        if want_row != got_row:
            wrong.append(f"row {number + 1}: want {want_row}\n{' ' * 13}got  {got_row}")
    want = directives.get("coverage", ["complete"])[0]
    status = coverage[0]["status"] if coverage else "not told"
    reason = coverage[0]["reason"] if coverage else ""
    if status != want:
        wrong.append(f"coverage: want {want}, got {status} ({reason})")
    for words in directives.get("reason", []):
        if words not in reason:
            wrong.append(f"reason: want \"{words}\" in \"{reason}\"")
    return wrong


def test_fixtures():
    """One report for all folders."""
    failed = []
    folders = sorted(path for path in TABLES.iterdir() if path.is_dir())
    assert folders
    for path in TABLES.rglob("*"):  # a checkout under umask 002: modes are among what is compared
        if not path.is_symlink() and path.stat().st_mode & 0o022:
            path.chmod(path.stat().st_mode & 0o7755)
    only = os.environ.get("WARD_TABLE")  # WARD_TABLE=users python3 tests/run.py -k tables
    for folder in folders:
        if only and not folder.name.startswith(only):
            continue
        try:
            wrong = compare(folder)
        except (AssertionError, OSError, KeyError, ValueError) as failure:
            wrong = [str(failure)]
        if wrong:
            failed.append("\n    ".join([f"tests/tables/{folder.name}"] + wrong))
    assert not failed, "\n" + "\n".join(failed)


def test_every_table_has_a_fixture():
    tables = described()
    listed = set(re.findall(r"'(\w+)'", re.sub(r"'\w+':", "", (
        ROOT / "src" / "fact" / "tables" / "meson.build").read_text().partition("}")[0])))
    assert listed <= set(tables), f"not found in the sources: {listed - set(tables)}"
    missing = [name for name, flags in sorted(tables.items())
               if "TABLE_LIVE" not in flags and "TABLE_FRESH" not in flags and
               not (TABLES / name / "expected.tsv").exists()]
    assert not missing, f"no tests/tables/NAME/expected.tsv for: {', '.join(missing)}"
    known = set(tables)
    odd = [path.name for path in TABLES.iterdir() if path.name.split("-")[0] not in known]
    assert not odd, f"fixtures of no table: {odd}"


def test_a_difference_is_noticed():
    folder = temporary() / "arp"
    shutil.copytree(pathlib.Path(TABLES / "arp"), folder)
    assert not compare(folder)
    expected = folder / "expected.tsv"
    text = expected.read_text()
    expected.write_text(text.replace("02:", "03:", 1))
    assert compare(folder)
    expected.write_text(text.rstrip("\n").rpartition("\n")[0] + "\n")
    assert compare(folder)
    expected.write_text("# coverage: partial\n" + text)
    assert compare(folder)
