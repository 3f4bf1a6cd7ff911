# SPDX-License-Identifier: MulanPSL-2.0
"""Chinese texts have Chinese punctuation (GB/T 15834): full-width comma, colon and so on."""
import re

from harness import ROOT

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
