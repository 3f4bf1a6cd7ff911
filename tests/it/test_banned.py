# SPDX-License-Identifier: MulanPSL-2.0
"""Functions that are not to be used anywhere, and `goto`, in code (not in comments or strings)."""
import re

from harness import ROOT, sources

BANNED = ["strcpy", "strncpy", "strcat", "strncat", "sprintf", "vsprintf", "atoi", "atol", "atoll", "atof", "system",
          "popen", "rand", "random", "srand", "strtok", "gets", "alloca", "mktemp", "tmpnam", "tempnam", "setjmp",
          "longjmp"]
# Libraries hand their errors back; only these folders speak to a person.
LOUD = ["printf", "puts", "putchar", "perror", "syslog", "vprintf"]
LOUD_FOLDERS = {"cmd"}


def code(text):
    """The text with comments and literals blanked, lines kept."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.DOTALL)


def uses(text, names):
    pattern = r"(?<![\w.>])(" + "|".join(names) + r")\s*\("
    for number, line in enumerate(code(text).splitlines(), 1):
        for match in re.finditer(pattern, line):
            yield number, match[1]
        if re.search(r"\bgoto\b", line):
            yield number, "goto"


def test_no_banned_function():
    found = [f"{path.relative_to(ROOT)}:{number}: {name}" for path in sources("src", "fuzz", "bench", "tests")
             for number, name in uses(path.read_text(), BANNED)]
    assert not found, "\n".join(found)


def test_libraries_do_not_print():
    found = [f"{path.relative_to(ROOT)}:{number}: {name}" for path in sources("src")
             if path.parent.name not in LOUD_FOLDERS and path.name != "main.c"
             for number, name in uses(path.read_text(), LOUD)]
    assert not found, "\n".join(found)


def test_a_use_is_noticed():
    assert list(uses("x = 1;\nstrcpy(a, b);\n", BANNED)) == [(2, "strcpy")]
    assert list(uses("goto out;", BANNED)) == [(1, "goto")]
    assert not list(uses('/* strcpy(a) */ puts("system(1)"); my_system(2); file->rand(1);', BANNED))


def test_every_source_names_its_licence():
    missing = [str(path.relative_to(ROOT)) for path in sources("src", "fuzz", "bench", "tests")
               if "SPDX-License-Identifier: MulanPSL-2.0" not in path.read_text()[:120]]
    assert not missing, missing
