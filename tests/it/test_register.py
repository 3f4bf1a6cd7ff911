# SPDX-License-Identifier: MulanPSL-2.0
"""Registers as somebody adds them: one YAML file is enough. And names that neither database would take."""
import ctypes
import json
import re
import sqlite3

from harness import ROOT, temporary, ward
from postgresql import PostgreSQL

LABEL = "{zh-CN: 钥匙, vi: Chìa khóa, en: Keys}"
KEYS = f"""name: key_ring
group: asset
label: {LABEL}
about: {LABEL}
title: [label_text]
columns: [label_text, state]
fields:
  - {{name: label_text, type: text, required: true, label: {LABEL}}}
  - {{name: holder, type: person, label: {LABEL}}}
states: [{{name: there, label: {LABEL}}}, {{name: lent, label: {LABEL}}}]
transitions:
  - {{name: lend, label: {LABEL}, from: [there], to: lent, needs: [holder], asks: [holder]}}
grants: {{read: [officer], create: [officer], edit: [officer]}}
"""


def folder(text, name="key_ring"):
    path = temporary() / "registers"
    path.mkdir()
    (path / f"{name}.yaml").write_text(text)
    return path.parent


def test_a_register_is_one_file():
    content = folder(KEYS)
    done = ward("register", "list", "--content", content, "--format", "json")
    assert done.returncode == 0, done
    listed = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert listed["key_ring"]["fields"] == 2 and "org" in listed and len(listed) > 30
    done = ward("register", "show", "key_ring", "--content", content, "--lang", "vi")
    assert "Chìa khóa" in done.stdout and "there > lent" in done.stdout, done
    done = ward("register", "show", "org", "--lang", "zh-CN")
    assert "由上级单位办理" in done.stdout and "须输入密码签名" in done.stdout, done
    done = ward("register", "show", "publication")
    assert "by somebody else than: author, department_checker, secrecy_checker" in done.stdout and "with: body" in done.stdout, done
    assert ward("register", "lint", content / "registers/key_ring.yaml").returncode == 0
    assert ward("register", "lint", "--content", content).returncode == 0


def test_lint_names_the_place():
    wrong = KEYS.replace("needs: [holder]", "needs: [keeper]")
    content = folder(wrong)
    line = next(n for n, text in enumerate(wrong.splitlines(), 1) if "keeper" in text)
    for args in (["lint", content / "registers/key_ring.yaml"], ["lint", "--content", content]):
        done = ward("register", *args)
        assert done.returncode == 1 and re.search(rf"key_ring\.yaml:{line}:\d+: 'needs' names 'keeper', and there is no such field", done.stdout), done
    assert ward("register", "list", "--content", content).returncode == 2
    assert ward("register", "show", "nothing").returncode == 2
    assert ward("register", "lint", content / "nothing.yaml").returncode == 2
    done = ward("register", "lint", "--lang", "zh-CN", content / "registers/key_ring.yaml")
    assert "1 个台账中有 1 个有误" in done.stdout, done


def reserved():
    text = (ROOT / "src/register/register_words.h").read_text()
    return re.findall(r'"([a-z_]+)"', text.split("reserved_words[] = {")[1])


def test_reserved_words_are_those_of_sqlite():
    """Of all its keywords, those that cannot name a table and a column unquoted."""
    library = ctypes.CDLL("libsqlite3.so.0")
    words = set()
    for number in range(library.sqlite3_keyword_count()):
        text, size = ctypes.c_char_p(), ctypes.c_int()
        library.sqlite3_keyword_name(number, ctypes.byref(text), ctypes.byref(size))
        words.add(ctypes.string_at(text, size.value).decode().lower())
    assert len(words) > 100
    for word in words:
        db = sqlite3.connect(":memory:")
        try:
            db.execute(f"CREATE TABLE {word} (id INTEGER PRIMARY KEY, {word} TEXT)")
            db.execute(f"CREATE INDEX i ON {word} ({word}, id)")
            db.execute(f"INSERT INTO {word} ({word}) VALUES (1)")
            db.execute(f"UPDATE {word} SET {word} = 1 WHERE {word} IN (1) AND +{word} = 1")
            db.execute(f"SELECT {word} FROM {word} ORDER BY {word}")
        except sqlite3.Error:
            assert word in reserved(), word
        finally:
            db.close()


def test_reserved_words_are_those_of_postgresql():
    with PostgreSQL() as server:
        words = server.sql("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')").split()
        assert len(words) > 80 and set(words) <= set(reserved()), set(words) - set(reserved())


def test_reserved_words_are_sorted():
    assert reserved() == sorted(reserved())
