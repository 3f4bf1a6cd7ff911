# SPDX-License-Identifier: MulanPSL-2.0
"""Embed every file under a folder into one C file:  embed.py FOLDER OUT.c DEPFILE

The bytes come in by .incbin, so the compiler never parses them. The depfile names the files and the
folders: ninja runs this again when a file changes, and also when one is added or removed, because
that changes its folder.
"""

import hashlib
import os
import sys


def collect(folder):
    files, folders = [], []
    for path, names, plain in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith("."))
        folders.append(path)
        files += [os.path.join(path, name) for name in plain
                  if not name.startswith(".") and not name.endswith("~")]
    return files, folders


def escape(path):
    """For a make-style depfile."""
    return path.replace("\\", "\\\\").replace(" ", "\\ ").replace("#", "\\#").replace("$", "$$")


def main():
    folder, out, depfile = sys.argv[1:]
    folder = os.path.abspath(folder)
    files, folders = collect(folder)
    named = sorted((os.path.relpath(path, folder), path) for path in files)
    digest = hashlib.sha256()
    lines = ["/* Made by tools/embed.py. */", '#include "data/content_table.h"', ""]
    rows = []
    for number, (name, path) in enumerate(named):
        with open(path, "rb") as file:
            digest.update(name.encode() + b"\0" + hashlib.sha256(file.read()).digest())
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        incbin = path.replace("\\", "\\\\").replace('"', '\\"')
        start, end = f"ward_content_{number}", f"ward_content_{number}_end"
        lines.append(f'__asm__(".pushsection .rodata.ward_content,\\"a\\",%progbits\\n"\n'
                     f'\t".balign 16\\n"\n'
                     f'\t".globl {start}\\n.hidden {start}\\n{start}:\\n"\n'
                     f'\t".incbin \\"{incbin}\\"\\n"\n'
                     f'\t".globl {end}\\n.hidden {end}\\n{end}:\\n"\n'
                     f'\t".byte 0\\n.popsection\\n");')
        lines.append(f'extern const char {start}[], {end}[] __attribute__((visibility("hidden")));')
        rows.append(f'\t{{ "{quoted}", {start}, {end} }},')
    # Without this note the linker would ask for an executable stack.
    lines.append('__asm__(".pushsection .note.GNU-stack,\\"\\",%progbits\\n.popsection\\n");')
    # The digest makes the file differ whenever a content file does, for compiler caches.
    lines += ["", f"/* {digest.hexdigest()} */", "const struct content_entry content_table[] = {",
              *rows, "\t{ 0 },", "};",
              f"const size_t content_table_count = {len(rows)};", ""]
    with open(out, "w") as file:
        file.write("\n".join(lines))
    with open(depfile, "w") as file:
        file.write(escape(out) + ":" + "".join(f" \\\n  {escape(path)}" for path in files + folders) + "\n")


main()
