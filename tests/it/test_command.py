# SPDX-License-Identifier: MulanPSL-2.0
"""The command line itself: dispatch, help, languages, manual pages, completion."""
import re

from harness import ROOT, WARD_RELEASE, need_tool, run, temporary, ward

COMMANDS = re.findall(r"^  '(\w+)',$", (ROOT / "src/cmd/meson.build").read_text(), re.MULTILINE)


def test_version_is_that_of_the_build():
    version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]
    for words in (["--version"], ["-V"], ["version"]):
        done = ward(*words)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"ward {version}\n", "")


def test_overview_names_every_command_that_is_not_hidden():
    assert ward().stdout == ward("help").stdout == ward("--help").stdout
    for name in COMMANDS:
        shown = re.search(rf"^  {name}\s", ward("help").stdout, re.MULTILINE)
        assert bool(shown) == (name != "man"), name


def test_help_of_every_command_in_every_language():
    for name in COMMANDS:
        english = ward("help", name).stdout
        assert ward(name, "--help").stdout == english
        assert ward(name, "-h", "--nonsense").stdout == english
        assert english.startswith(f"ward {name}: ") and "\nUsage:\n" in english
        for lang in ("zh-CN", "vi"):
            text = ward(name, "--help", "--lang", lang).stdout
            assert ward("help", name, env={"LC_ALL": lang.replace("-", "_") + ".UTF-8"}).stdout == text
            assert text.splitlines()[0] != english.splitlines()[0] and "Usage" not in text and "Exit status" not in text
            for line in text.splitlines():
                assert len(line) <= 80, line


def test_language_can_stand_before_the_command():
    assert ward("--lang", "vi", "help").stdout == ward("help", "--lang=vi").stdout != ward("help").stdout
    assert "en, zh-CN, vi" in ward("help", "--lang", "fr").stderr


def test_wrong_usage_is_exit_2_and_says_what_was_meant():
    for words, message in (
            (["inspekt"], "ward: unknown command inspekt"),
            (["hepl"], "ward: unknown command hepl, did you mean help?"),
            (["help", "hepl"], "ward help: unknown word hepl, did you mean help?"),
            (["help", "--lnag", "vi"], "ward help: unknown option --lnag, did you mean --lang?"),
            (["help", "--lang"], "ward help: --lang needs a value: LANG"),
            (["version", "now"], "ward version: unexpected: now"),
            (["completion"], "ward completion: needs bash"),
            (["\x1b[31m"], "ward: unknown command"),
            ([""], "ward: unknown command"),
            (["x" * 100000], "ward: unknown command")):
        done = ward(*words)
        assert done.returncode == 2 and done.stdout == "", words
        assert done.stderr.startswith(message), done.stderr
        assert "try: ward" in done.stderr
        assert "\x1b" not in done.stderr


def test_full_disk_is_an_error():
    with open("/dev/full", "w", encoding="ascii") as full:
        for words in (["help"], ["version"], ["completion", "bash"]):
            done = ward(*words, stdout=full)
            assert done.returncode == 2 and "no space left" in done.stderr, (words, done.stderr)


def test_manual_pages_are_sound_in_every_language():
    man = need_tool("man")
    folder = temporary() / "man"
    assert ward("man", "--write", folder).returncode == 0
    pages = sorted(folder.rglob("*.1"))
    assert len(pages) == 3 * len(COMMANDS), pages  # man has no page, ward has one
    tables = folder / "man7" / "ward-tables.7"
    assert ward("man", "tables").stdout == tables.read_text()
    for page in [*pages, tables]:
        done = run([man, "--warnings", "-E", "UTF-8", "-l", page], env={"MANWIDTH": "80", "MAN_KEEP_FORMATTING": ""})
        assert done.returncode == 0 and done.stderr == "", f"{page}: {done.stderr}"
        assert "ward" in done.stdout
    page = run([man, "-E", "UTF-8", "-l", folder / "man1" / "ward-help.1"], env={"MANWIDTH": "80"}).stdout
    assert "--lang LANG" in page and "explain a command" in page
    assert ward("man", "help").stdout == (folder / "man1" / "ward-help.1").read_text()


def complete(*words):
    """What bash offers after these words, the last of them half-written."""
    breaks = "(" + " ".join("'" + word.replace("'", "'\\''") + "'" for word in words) + ")"
    script = f'source <("{WARD_RELEASE}" completion bash); compopt() {{ :; }}\n' \
             f'COMP_WORDS={breaks}; COMP_CWORD={len(words) - 1}; _ward; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = run([need_tool("bash"), "--norc", "-c", script])
    assert done.stderr == "", done.stderr
    return [word for word in done.stdout.split("\n") if word]


def test_completion_is_bash_and_offers_what_fits():
    bash = need_tool("bash")
    script = ward("completion", "bash").stdout
    assert run([bash, "-n"], input=script).returncode == 0
    assert set(complete("ward", "")) >= {"help", "version", "completion", "--version"}
    assert "man" not in complete("ward", "")
    assert complete("ward", "hel") == ["help"]
    assert complete("ward", "help", "compl") == ["completion"]
    assert complete("ward", "help", "--la") == ["--lang"]
    assert complete("ward", "help", "--lang", "z") == ["zh-CN"]
    assert complete("ward", "help", "--lang", "=", "v") == ["vi"]
    assert complete("ward", "help", "--lang", "=") == ["en", "zh-CN", "vi"]
    assert complete("ward", "--lang", "vi", "vers") == ["version"]
    assert complete("ward", "completion", "") == ["bash"]
