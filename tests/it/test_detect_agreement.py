# SPDX-License-Identifier: MulanPSL-2.0
"""The engine against truth from outside: matches on which two other engines agree, the published cases of Sigma's rules, and
the plain judge of the specification (detect/reference.h) on real rules and events changed at random."""
import json
import random
import re
import subprocess

import harness

# Where the two engines differ, the specification decides. Rule -> (is it a match, why).
NULL_UNDER_NOT = ("a filter about a field that the event does not have does not hold, so NOT of it does (Sigma specification, "
                  "a missing field meets nothing but null); the SQL engine computed NOT NULL")
DISPUTED = {
    "333cdbe8-27bb-4246-bf82-b41a0dca4b70": (True, "vss_ps.dll loaded by a program that no filter names; " + NULL_UNDER_NOT),
    "5ef9853e-4d0e-4a70-846f-a9ca37d876da": (True, "access 0x1fffff to lsass.exe by another program; there is no SourceUser. " + NULL_UNDER_NOT),
    "0e277796-5f23-4e49-a490-483131d4f6e1": (True, "dbgcore.dll, dbghelp.dll loaded by rundll32.exe; there is no CommandLine. " + NULL_UNDER_NOT),
    "919f2ef0-be2d-4a7a-b635-eb2b41fde044": (True, "values are compared without case: HKLM\\System equals HKLM\\SYSTEM; a list of "
                                                   "maps is OR, and NewName is not needed for the first of them"),
    "eeb2e3dc-c1f4-40dd-9bd5-149ee465ad50": (True, "a remote thread by powershell.exe; there is no SourceParentImage. " + NULL_UNDER_NOT),
    "ad1f4bb9-8dfb-4765-adb6-2a7cfb6c0f94": (True, "an image of WSMan in a program that no filter names; there is no CommandLine. " + NULL_UNDER_NOT),
    "b3ad3c0f-c949-47a1-a30e-b0491ccae876": (True, "Initiated: true is met by the text \"true\" (values are compared as text without "
                                                   "case), which the SQL engine compared with a boolean"),
    "66d31e5f-52d6-40a4-9615-002d3789a119": (True, "a remote thread by iexplore.exe into a program that no filter names. " + NULL_UNDER_NOT),
    "678dfc63-fefb-47a5-a04c-26bcf8cc9f65": (True, "0x1410 ends with 10, and no filter names CollectGuestLogs.exe; " + NULL_UNDER_NOT),
    "b236190c-1c61-41e9-84b3-3fe03f6d76b0": (False, "the filter is ' -n ' with windash: the command line has ' /n ', which is one of the "
                                                    "five dashes, so the filter holds and the rule does not"),
    "d7a63acb-1284-49bc-bfea-7771146c8b1c": (False, "Signed: true is met by the text \"true\", and the description ends with "
                                                    "'C Runtime Library', so the filter for signed files holds"),
}
BORDER = "\n=====\n"


def rules_dir():
    folder = harness.temporary()
    subprocess.run(["tar", "-C", folder, "-I", "zstd -d --long=27", "-xf", harness.need_shared("sigma-rules.tar.zst")], check=True)
    return folder


def pairs(name):
    """(line, rule id) of a list."""
    rows = harness.need_shared(name).read_text().splitlines()[1:]
    return [(int(row.split("\t")[0]), row.split("\t")[1]) for row in rows]


def mordor_lines(numbers):
    """These lines (from 0) of the recorded attacks, in order."""
    source = subprocess.Popen([harness.need_tool("zstd"), "-dc", "--long=27", harness.need_shared("mordor-a.jsonl.zst")], stdout=subprocess.PIPE)
    wanted, lines = set(numbers), []
    last = max(wanted)
    for number, line in enumerate(source.stdout):
        if number in wanted:
            lines.append(line)
        if number == last:
            break
    source.kill()
    source.wait()
    return lines


def detect(lines, folder):
    """{(index of the line, rule id)} by the command; sanitized, so on few lines."""
    path = harness.temporary() / "events.jsonl"
    path.write_bytes(b"".join(lines))
    done = harness.ward("detect", "--json", "--rules", folder, path, timeout=300)
    assert done.returncode == 1, done.stderr[-2000:]
    found = (json.loads(line) for line in done.stdout.splitlines())
    return {(match["line"] - 1, match["rule"]) for match in found}


def test_agreed_and_disputed_matches():
    agreed, disputed = pairs("mordor-a.agreed.tsv"), pairs("mordor-a.disputed.tsv")
    assert {rule for _, rule in disputed} == set(DISPUTED)
    # All lines of disputed and rare rules, and some of the frequent ones; bench_detect looks at all half a million.
    seen, chosen = {}, []
    for line, rule in agreed:
        seen[rule] = seen.get(rule, 0) + 1
        if seen[rule] <= 12:
            chosen.append((line, rule))
    numbers = sorted({line for line, _ in chosen + disputed})
    index = {line: i for i, line in enumerate(numbers)}
    found = detect(mordor_lines(numbers), rules_dir())
    missed = [(line, rule) for line, rule in agreed if line in index and (index[line], rule) not in found]
    assert not missed, f"{len(missed)} agreed matches are missed: {missed[:10]}"
    for line, rule in disputed:
        is_match, why = DISPUTED[rule]
        assert ((index[line], rule) in found) == is_match, f"line {line}, {rule}: {why}"


def test_published_cases():
    rows = [row.split("\t") for row in harness.need_shared("sigma-regression.tsv").read_text().splitlines()[1:]]
    lines = harness.need_shared("sigma-regression.jsonl").read_bytes().splitlines(keepends=True)
    found = detect(lines, rules_dir())
    missed = [rule for rule, first, n in rows if not any((int(first) + i, rule) in found for i in range(int(n)))]
    assert not missed, f"{len(missed)} of {len(rows)} cases are missed: {missed}"


def texts_of(rule):
    """Texts that a rule speaks of, with what stands for anything filled in."""
    for text in re.findall(r"""^\s*-?\s*(?:[\w|.]+:\s*)?'(.+?)'\s*(?:#.*)?$""", rule, re.MULTILINE):
        yield text.replace("*", "x").replace("?", "y")


def change(event, texts, chance):
    """The event with some of its values changed, lost, doubled, emptied."""
    event = dict(event)
    for name in list(event):
        if name in ("Channel", "EventID") or chance.random() > 0.3:
            continue
        value = event[name]
        text = chance.choice(texts)
        event[name] = chance.choice([
            None, "", text, text.upper(), f"{value}{text}", f"{text}{value}", f"a {text} b", [value, text], str(value).swapcase(),
            text[:-1], text[1:], f"C:\\Windows\\System32{text}"])
        if chance.random() < 0.1:
            del event[name]
    return event


def test_real_rules_mean_what_the_judge_says():
    chance = random.Random(20261103)
    fuzz = harness.ROOT / "build-asan/fuzz/fuzz_detector"
    events = [json.loads(line) for line in harness.need_shared("sigma-regression.jsonl").read_text().splitlines()]
    files = sorted(path for path in rules_dir().rglob("*.yml") if "/windows/" in str(path) or "emerging" in str(path))
    chance.shuffle(files)
    folder = harness.temporary()
    for number in range(6):
        rules = [path.read_text() for path in files[number * 60:(number + 1) * 60]]
        texts = sorted({text for rule in rules for text in texts_of(rule)})
        chosen = [change(chance.choice(events), texts, chance) for _ in range(40)]
        lines = "\n".join(json.dumps(event, ensure_ascii=chance.random() < 0.5) for event in chosen)
        (folder / f"{number}").write_text("\n---\n".join(rules) + BORDER + lines + "\n")
    done = harness.run([fuzz, *sorted(folder.iterdir())], timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def expression(chance, depth=0):
    """A regular expression made at random, and a text that it matches."""
    kind = chance.randrange(10 if depth < 3 else 6)
    if kind <= 2:
        text = "".join(chance.choice("abcxyz019_- `$") for _ in range(chance.randrange(1, 5)))
        return re.escape(text).replace(r"\`", "`"), text
    if kind == 3:
        members = chance.choice(["ab", "x. ", "0-9", "^ab", "]a", "abcdefg"])
        text = {"ab": "b", "x. ": ".", "0-9": "7", "^ab": "q", "]a": "]", "abcdefg": "g"}[members]
        return f"[{members}]", text
    if kind == 4:
        return chance.choice([(r"\d+", "42"), (r"\w", "w"), (".", "!"), (r"\s*", " "), (r"\b", "")])
    times, quantifier = chance.choice([(0, "?"), (1, "?"), (0, "*"), (2, "*"), (1, "+"), (3, "+"), (2, "{2}"), (1, "{1,3}"), (0, "{0,2}"), (1, "+?")])
    if kind == 5:
        letters = "".join(chance.choice("abcxyz") for _ in range(3))
        return f"{letters}{quantifier}", letters[:2] + letters[2] * times
    if kind == 6:
        parts = [expression(chance, depth + 1) for _ in range(chance.randrange(2, 4))]
        return "".join(part[0] for part in parts), "".join(part[1] for part in parts)
    if kind == 7:
        parts = [expression(chance, depth + 1) for _ in range(chance.randrange(1, 4))]
        opening = chance.choice(["(", "(?:"])
        return f"{opening}{'|'.join(part[0] for part in parts)})", chance.choice(parts)[1]
    inner, text = expression(chance, depth + 1)
    return f"(?:{inner}){quantifier}", text * times


def test_expressions_are_never_skipped():
    """An expression is run only where texts that it needs stand: whatever those are found to be, none is missed."""
    chance = random.Random(8)
    folder = harness.temporary()
    for number in range(12):
        rules, events = [], []
        for i in range(40):
            regex, text = expression(chance)
            quoted = regex.replace("'", "''")
            rules.append(f"title: r{i}\nlogsource: {{product: p}}\ndetection: {{x: {{a|re: '{quoted}'}}, condition: x}}\n")
            events.append({"k": "a", "a": f"{chance.choice(['', 'zz', 'a '])}{text}{chance.choice(['', 'q', ' b'])}"})
            events.append({"k": "a", "a": text.upper()})
        (folder / f"{number}").write_text("---\n".join(rules) + BORDER + "\n".join(json.dumps(event) for event in events) + "\n")
    done = harness.run([harness.ROOT / "build-asan/fuzz/fuzz_detector", *sorted(folder.iterdir())], timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
