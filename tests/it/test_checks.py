# SPDX-License-Identifier: MulanPSL-2.0
"""The checks and profiles that ship with ward: complete, tried both ways, and never a pass that nobody saw."""
import functools
import json
import re

from harness import ROOT, WARD, Skip, for_others, need_root, need_tool, run, temporary, tree, ward

CHECKS_LEAST = 120
LANGUAGES = ("zh-CN", "vi", "en")
CJK = re.compile(r"[\u3400-\u9fff]")
VIETNAMESE = re.compile(r"[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]", re.I)
CLAUSES = [re.compile(pattern) for pattern in (
    r"GB/T 22239-2019 [78](\.\d+){2,3}( [a-j])?",
    r"GB/T 39786-2021 \d(\.\d+)*( [a-j])?",
    r"TCVN 11930:2017 \d(\.\d+)*( [a-zđ])?",
    r"国家网络安全事件报告管理办法第[一二三四五六七八九十]+条",
    r"Thông tư 12/2022/TT-BTTTT( Điều \d+)?",
    r"中华人民共和国(网络安全法|数据安全法|个人信息保护法|密码法)( |（\d{4}年公布文本）)第[一二三四五六七八九十百]+条",
)]


@functools.cache
def all_checks():
    """Those of hosts, and those of the registers (management)."""
    done = ward("check", "list", "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def catalogue_folder():
    """What the sector asks for, beside the project."""
    for base in (ROOT.parent, ROOT.parent.parent):
        if (base / "shared" / "catalogue").is_dir():
            return base / "shared" / "catalogue"
    raise Skip("../shared/catalogue is not on this machine")


def checks():
    return [check for check in all_checks() if check["group"] == "host"]


def test_management_checks_show_what_they_read():
    of_registers = {check["id"]: check for check in all_checks() if check["group"] == "management"}
    assert len(of_registers) >= 90, len(of_registers)
    assert sorted(of_registers["rule-port"]["tables"]) == ["firewall_rule", "fleet", "listening"], of_registers["rule-port"]["tables"]
    done = ward("check", "show", "rule-port")
    assert done.returncode == 0 and "firewall_rule" in done.stdout, done.stdout + done.stderr
    done = ward("check", "show", "account-idle", "ssh-max-auth-tries")
    assert "account-idle.days = 45; city 30\n" in done.stdout, done.stdout + done.stderr
    assert of_registers["account-idle"]["thresholds"] == {"days": {"default": 45, "city": 30}}, of_registers["account-idle"]
    lacking = [check["id"] for check in of_registers.values() if not check["tables"] or not check.get("requirements")]
    assert not lacking, lacking


def test_fixtures_of_management_checks_run_by_hand():
    done = ward("check", "test", ROOT / "tests" / "management" / "supply.yaml", timeout=500)
    assert done.returncode == 0 and "ok  change-version" in done.stdout, done.stdout + done.stderr


def inspected(*args, binary=None, before=(), **kw):
    """id -> verdict of an inspection."""
    done = run([*before, binary or WARD, "inspect", "--format", "json", *args], **kw)
    assert done.returncode in (0, 1, 2), done.stderr
    return {verdict["id"]: verdict for verdict in json.loads(done.stdout)["verdicts"]}


def test_there_are_enough():
    assert len(checks()) >= CHECKS_LEAST, f"{len(checks())} checks"


def test_lint_is_clean():
    done = ward("check", "lint")
    assert done.returncode == 0, done.stdout + done.stderr


def test_fixtures_give_their_verdicts():
    files = sorted((ROOT / "tests" / "checks").glob("*.yaml"))
    done = ward("check", "test", *files, timeout=500)
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if not line.startswith("ok")) + done.stderr
    tried = {}
    for line in done.stdout.splitlines():
        found = re.match(r"ok\s+(\S+)\s+fail (\d+), pass (\d+)", line)
        if found:
            fail, good = tried.get(found[1], (0, 0))
            tried[found[1]] = fail + int(found[2]), good + int(found[3])
    assert tried, done.stdout
    lacking = [check["id"] for check in checks() if 0 in tried.get(check["id"], (0, 0))]
    assert not lacking, f"without a failing and a passing fixture: {' '.join(lacking)}"
    lacking = [check["id"] for check in checks() if check.get("applies") and
               not re.search(rf"^ok\s+{re.escape(check['id'])}\s.*not-applicable [1-9]", done.stdout, re.M)]
    assert not lacking, f"with a scope, but no fixture outside of it: {' '.join(lacking)}"


def test_fixtures_lie_beside_their_topic():
    topics = {check["topic"] for check in checks()}
    for topic in topics:
        assert (ROOT / "tests" / "checks" / f"{topic}.yaml").exists(), topic


def test_texts_are_complete():
    for check in all_checks():
        for part in ("title", "why", "remedy") + (("scope",) if check.get("scope") else ()):
            where = f"{check['id']}: {part}"
            for language in LANGUAGES:
                text = check[part][language]
                assert text.strip() == text and len(text) > 3, f"{where}: {language}: {text!r}"
            chinese, vietnamese, english = (check[part][language] for language in LANGUAGES)
            assert CJK.search(chinese), f"{where}: no Chinese: {chinese}"
            assert not CJK.search(vietnamese), f"{where}: Chinese in the Vietnamese text: {vietnamese}"
            assert not CJK.search(english), f"{where}: Chinese in the English text: {english}"
            assert VIETNAMESE.search(vietnamese), f"{where}: no Vietnamese: {vietnamese}"
            assert not VIETNAMESE.search(english), f"{where}: Vietnamese in the English text: {english}"
            assert not VIETNAMESE.search(chinese), f"{where}: Vietnamese in the Chinese text: {chinese}"
            half = re.search(r"[\u3400-\u9fff][,;:?!]|[,;?!][\u3400-\u9fff]", chinese)
            assert not half, f"{where}: half-width punctuation: {half[0]!r} in {chinese}"


def test_titles_are_unique():
    for language in LANGUAGES:
        seen = {}
        for check in all_checks():
            other = seen.setdefault(check["title"][language], check["id"])
            assert other == check["id"], f"{check['id']} and {other}: {check['title'][language]}"


def test_clauses_have_a_known_form():
    for check in all_checks():
        assert check["clauses"] or (check["group"] != "host" and check["requirements"]), f"{check['id']}: no clause"
        assert len(set(check["clauses"])) == len(check["clauses"]), f"{check['id']}: {check['clauses']}"
        for clause in check["clauses"]:
            assert any(form.fullmatch(clause) for form in CLAUSES), f"{check['id']}: {clause!r}"


def items_of_the_standard(catalogue):
    """How many items GB/T 22239-2019 has under each control of level 2 (7.…) and 3 (8.…), by the sector's list; of the sections that it
    only sums up, the counts of level 3 stand in brackets."""
    items = {}
    for line in (catalogue / "mlps.tsv").read_text("utf-8").splitlines()[1:]:
        number, title, second, third, _ = line.split("\t")
        counts = re.search(r"([\d+]+\+\d+)[;)]", title)
        if counts:  # the controls of a section
            for n, count in enumerate(counts[1].split("+"), 1):
                items[f"{number}.{n}"] = int(count)
                items[f"7{number[1:]}.{n}"] = int(count)  # level 2 has no more than level 3
        elif number.count(".") == 3:
            items[number] = int(third)
            lower = re.search(r"L2: (7[\d.]+)", title)
            items[lower[1] if lower else "7" + number[1:]] = int(second)
    return items


def test_clauses_are_in_the_standard():
    items = items_of_the_standard(catalogue_folder())
    assert items["8.1.6.4"] == 1 and items["8.1.10.6"] == 10 and items["7.1.4.8"] == 2 and items["8.1.5.4"] == 6, items
    for check in all_checks():
        for clause in check["clauses"]:
            if "22239" not in clause:
                continue
            number, _, letter = clause.removeprefix("GB/T 22239-2019 ").partition(" ")
            most = items.get(number)
            assert most, f"{check['id']}: {clause}: there is no such control"
            assert not letter or (most > 1 and ord(letter) - ord("a") < most), f"{check['id']}: {clause}: it has {most} item(s)"


def test_level_2_goes_with_level_3():
    """An item of level 2 (7.…) is the same demand as one of level 3 (8.…) that the check names too; in the technical
    sections the letters agree, and the numbers but for those behind 8.1.4.8, which level 2 does not have."""
    moved = {"7.1.4.8": "8.1.4.9", "7.1.4.9": "8.1.4.10", "7.1.4.10": "8.1.4.11"}
    for check in checks():
        items = [clause.removeprefix("GB/T 22239-2019 ") for clause in check["clauses"] if "22239" in clause]
        for item in items:
            number, _, letter = item.partition(" ")
            if not number.startswith("7.1.4."):
                continue
            higher = moved.get(number, "8" + number[1:])
            same = [other for other in items if other.startswith("8") and other.partition(" ")[0] == higher]
            assert any(not letter or other.partition(" ")[2] == letter for other in same), f"{check['id']}: {item}"


def test_requirements_exist():
    known = {line.split("\t")[0] for line in (catalogue_folder() / "requirements.tsv").read_text("utf-8").splitlines()[1:]}
    for check in all_checks():
        strange = set(check.get("requirements") or []) - known
        assert not strange, f"{check['id']}: {strange}"


def test_nothing_passes_on_an_empty_root():
    for files in ({}, {"etc/os-release": "ID=debian\n"}, {"etc/": ""}):
        verdicts = inspected("--root", tree(files) if files else temporary())
        passed = [name for name, verdict in verdicts.items() if verdict["verdict"] == "pass"]
        assert not passed, f"pass on a root with {list(files)}: {' '.join(passed)}"


def test_nobody_sees_no_pass_where_root_sees_a_failure():
    need_root()
    setpriv = need_tool("setpriv")
    binary = for_others(WARD)
    nobody = [setpriv, "--reuid", "65534", "--regid", "65534", "--clear-groups"]

    def lies(*only):
        by_root = inspected(*only)
        by_nobody = inspected(*only, binary=binary, before=nobody, cwd="/")
        assert by_root.keys() == by_nobody.keys()
        return [name for name, verdict in by_nobody.items()
                if verdict["verdict"] == "pass" and by_root[name]["verdict"] == "fail"]

    found = lies()
    if found:  # the machine may have changed in between
        found = lies(*(part for name in found for part in ("--only", name)))
    assert not found, " ".join(found)


def test_profiles_can_be_used():
    profiles = sorted(path.stem for path in (ROOT / "content" / "profiles").glob("*.yaml"))
    ids = {check["id"] for check in all_checks()}
    offices, regimes = [], []
    for name in profiles:
        text = (ROOT / "content" / "profiles" / f"{name}.yaml").read_text("utf-8")
        (offices if "kind: office" in text else regimes).append(name)
        for skipped in re.findall(r"^  - check: (\S+)$", text, re.M):
            assert skipped in ids, f"{name}: skips {skipped}, which is no check"
    assert offices == ["city", "county", "hospital", "pharmacy", "township"], offices
    assert regimes == ["cn-mlps-2", "cn-mlps-3"] + [f"vn-level-{level}" for level in range(1, 6)], regimes
    root = tree({"etc/passwd": "root:x:0:0::/root:/bin/sh\n"})
    for office, regime in [(office, regimes[0]) for office in offices] + [(offices[0], regime) for regime in regimes]:
        assert inspected("--root", root, "--profile", office, "--regime", regime)
