#!/usr/bin/env python3
# SPDX-License-Identifier: MulanPSL-2.0
"""Make fuzz/corpus/tables/ from the trees of tests/tables/: one input for each tree.

An input is two bytes that choose the table, then the texts of the files of its `.sources`, separated by
0x1e (see fuzz/fuzz_tables.c). Run it again after adding a table's fixtures; found inputs are kept.
"""
import fnmatch
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONGEST = 24000


def place(name):
    """As name_place() in fuzz_tables.c."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return (value ^ value >> 16) & 0xFFFF


def sources():
    """Table name -> its sources."""
    found = {}
    for path in sorted((ROOT / "src/fact/tables").glob("*.c")):
        code = path.read_text(encoding="utf-8")
        macros = dict(re.findall(r'#define\s+(\w+)\s+("[^"]*")\s*$', code, re.M))
        for name, text in re.findall(r'const struct table \w+ = \{\s*\.name = "(\w+)".*?\.sources = \{(.*?)\}', code, re.S):
            for macro, value in macros.items():
                text = re.sub(rf"\b{macro}\b", value, text)
            text = re.sub(r'"\s*"', "", text)
            found[name] = re.findall(r'"([^"]*)"', text)
    return found


def is_file_like(source):
    return " " not in source and ":" not in source and "/" in source.lstrip("/")


def first_match(root, source):
    """The first file below the tree that the source names, as a pattern or a folder."""
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink() or not path.is_file():
            continue
        if fnmatch.fnmatch(name, source.lstrip("/")) or name.startswith(source.strip("/") + "/"):
            return path
    return None


def main():
    folder = ROOT / "fuzz/corpus/tables"
    folder.mkdir(parents=True, exist_ok=True)
    known = sources()
    for tree in sorted((ROOT / "tests/tables").iterdir()):
        name = tree.name.partition("-")[0]
        if name not in known:
            print(f"{tree.name}: no such table")
            continue
        texts = []
        for source in known[name]:
            if is_file_like(source):
                path = first_match(tree / "root", source)
                texts.append(path.read_bytes() if path else b"")
        if any(texts) and sum(map(len, texts)) <= LONGEST:
            (folder / tree.name).write_bytes(place(name).to_bytes(2, "big") + b"\x1e".join(texts))


if __name__ == "__main__":
    main()
