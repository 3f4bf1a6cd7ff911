# SPDX-License-Identifier: MulanPSL-2.0
"""Chinese texts have Chinese punctuation (GB/T 15834): full-width comma, colon and so on."""
import pathlib
import re
import tempfile

from harness import ROOT, ward

HAN = r"[\u4e00-\u9fff]"
NARROW = re.compile(rf"{HAN}[,;:?!]|[,;:?!]{HAN}|\([^()]*{HAN}|{HAN}\(")


def chinese(path):
    """(line number, Chinese text) of a content file: the catalogue's values, elsewhere those of zh-CN."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        if path.name == "zh-CN.yaml":
            if match := re.match(r'"(?:\\.|[^"\\])*":\s*(.*)', line):
                yield number, match[1]
        elif match := re.search(r"\bzh-CN:\s*(.*?)(?:,\s+(?:vi|en):|\}?$)", line):
            yield number, match[1]


def test_chinese_punctuation_is_chinese():
    texts = [(path, number, text) for path in sorted((ROOT / "content").rglob("*.yaml"))
             for number, text in chinese(path)]
    assert len(texts) > 60
    wrong = [f"{path.relative_to(ROOT)}:{number}: {text[:90]}" for path, number, text in texts if NARROW.search(text)]
    assert not wrong, "\n".join(wrong)


def test_a_narrow_comma_is_noticed():
    assert NARROW.search("检查,判断") and NARROW.search("说明(可选)") and NARROW.search("值:{}") is not None
    assert not NARROW.search("检查，判断（en, zh-CN）") and not NARROW.search("ward sql: 查询")


# Values of messages are translated when they stand in the catalogue alone; a key or a host may be called "archive".
ALONE = set("""interrupted busy malformed done critical high medium low informational pass fail unknown comply new fixed changed
nothing text keeper reader writer shipper monitor""".split())


def test_words_that_may_be_names_stand_behind_their_place():
    keys = re.findall(r'^"([a-z]+)":', (ROOT / "content/i18n/zh-CN.yaml").read_text(), re.M)
    assert ALONE.issuperset(keys), f"write \"label WORD\", \"column WORD\" …, see tr_word(): {sorted(set(keys) - ALONE)}"


def test_names_are_not_translated():
    with tempfile.TemporaryDirectory() as folder:
        done = ward("keys", "create", "--lang", "zh-CN", "--dir", f"{folder}/keys")
        assert done.returncode == 0 and "已生成密钥 archive（" in done.stdout, done


def test_one_is_not_many():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "a.log").write_text("one\n")
        done = ward("detect", "--lang", "en", f"{folder}/a.log")
        assert "1 event in 1 file judged by " in done.stdout, done
    texts = re.findall(r'^"((?:\\.|[^"\\])*)":', (ROOT / "content/i18n/zh-CN.yaml").read_text(), re.M)
    fixed = re.compile(r"\{\} (?:records|rules|blocks|matches|hosts|problems|warnings|errors|events) ?(?!/s)")
    wrong = [text for text in texts if fixed.search(text) and text not in MANY]
    assert not wrong, "write {s} or {es} behind the word: " + "; ".join(wrong)


# These are only said of many.
MANY = set("""{}: only the newest {} records were read
too many different values: {} records are in no row; ask for fewer fields or less time""".splitlines())


def test_languages_of_a_rule_are_whole():
    """What `ward rules explain` says is Chinese where ward speaks Chinese: no English words but names and keywords of Sigma."""
    done = ward("rules", "explain", "--lang", "zh-CN", "A web server started a shell or a tool")
    assert done.returncode == 0
    for english in ("all of", "one of", "tried when", "asked by", "condition", "Description:"):
        assert english not in done.stdout, english
    for chinese in ("条件 1，用于以下日志源：", "以下全部成立", "请隔离服务器"):
        assert chinese in done.stdout, chinese


def test_errors_are_what_the_code_says():
    """Each "error: …" of a catalogue is a format of err_set(), err_errno() or err_wrap(), with "{}" for what it fills in."""
    code = "".join(path.read_text() for path in sorted((ROOT / "src").rglob("*.c")))
    code = re.sub(r'"\s*\n\s*"', "", code)
    code = re.sub(r"%[-0-9.*]*(?:ll|z)?[a-z]", "{}", code.replace("%s%.*s%s%.*s", "").replace("%s/%s", "%s"))
    said = {}
    for name in ("zh-CN.yaml", "vi.yaml"):
        text = (ROOT / "content/i18n" / name).read_text()
        said[name] = re.findall(r'^"error: ((?:\\.|[^"\\])+)"', text, re.M)
        for pattern in said[name]:
            assert f'"{pattern.replace("make it with: {}", "make it with: ward keys create")}"' in code, (name, pattern)
    assert len(said["vi.yaml"]) > 40 and said["vi.yaml"] == said["zh-CN.yaml"]


def test_errors_are_said_in_the_language():
    for language, words in (("zh-CN", "没有这个文件或目录"), ("vi", "không có tệp hoặc thư mục"), ("en", "no such file")):
        done = ward("verify", "--lang", language, "/nonexistent")
        assert done.returncode == 2 and done.stderr.startswith("ward: /nonexistent") and words in done.stderr, done
