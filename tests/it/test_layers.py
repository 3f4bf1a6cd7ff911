# SPDX-License-Identifier: MulanPSL-2.0
"""A file includes only lower layers or its own folder (docs/ARCHITECTURE.md, "Layers")."""
import re

from harness import ROOT, sources

# Lowest first; those of one line are siblings and never include each other.
LAYERS = [
    ["base"],
    ["sys"],
    ["data"],
    ["crypto"],
    ["fact", "event", "record"],
    ["check", "detect", "archive", "register"],
    ["search", "people"],
    ["case"],
    ["report"],
    ["web"],
    ["api"],
    ["role"],
    ["cmd"],
]
RANK = {folder: rank for rank, line in enumerate(LAYERS) for folder in line}


def violations(files):
    """(file name below src, text) pairs -> what is wrong with their includes."""
    wrong = []
    for name, text in files:
        own = name.split("/")[0] if "/" in name else None  # None: main.c, above all
        if own and own not in RANK:
            wrong.append(f"{name}: folder {own} has no layer")
            continue
        for number, line in enumerate(text.splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not match:
                continue
            folder = match[1].split("/")[0] if "/" in match[1] else None
            if not folder:
                if not (match[1].endswith("_list.h") or match[1].endswith(".inc")):
                    wrong.append(f"{name}:{number}: write \"{own}/{match[1]}\", with the folder")
            elif folder not in RANK:
                wrong.append(f"{name}:{number}: no such layer: {match[1]}")
            elif own and folder != own and RANK[folder] >= RANK[own]:
                wrong.append(f"{name}:{number}: {own} must not know {folder} ({match[1]})")
    return wrong


def test_sources_obey_the_layers():
    files = [(str(path.relative_to(ROOT / "src")), path.read_text()) for path in sources("src")]
    assert len(files) > 10
    found = violations(files)
    assert not found, "\n".join(found)


def test_a_violation_is_noticed():
    assert violations([("base/x.c", '#include "data/doc.h"\n')])
    assert violations([("fact/tables/x.c", '#include "check/check.h"\n')])
    assert violations([("data/x.c", '#include "doc.h"\n')])
    assert violations([("odd/x.c", "")])
    assert not violations([("data/x.c", '#include "base/str.h"\n#include "data/doc.h"\n#include <stdio.h>\n'),
                           ("main.c", '#include "cmd/command.h"\n')])


def test_every_source_is_built():
    """A source that no list names would never be compiled."""
    lists = "".join(path.read_text() for path in (ROOT / "src").rglob("meson.build")) + \
        (ROOT / "meson.build").read_text() + "".join(path.read_text() for path in ROOT.glob("src/**/*_list.h"))
    missing = [str(path.relative_to(ROOT)) for path in sources("src")
               if path.suffix == ".c" and not re.search(rf"\b{path.stem}\b", lists)]
    assert not missing, missing
