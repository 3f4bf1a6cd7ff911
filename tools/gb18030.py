# SPDX-License-Identifier: MulanPSL-2.0
"""The tables of data/gb18030.h as one C file:  gb18030.py OUT.c

GB 18030 has 23,940 characters of two bytes, and writes all others in four bytes that count through the rest of Unicode in
its order. Python's codec has the edition of 2000; the characters that later editions moved out of the private use area
are put right here (GB 18030-2005 and -2022 agree on what these bytes mean).
"""

import sys

MOVED = {
    "a6d9": 0xFE10, "a6da": 0xFE12, "a6db": 0xFE11, "a6dc": 0xFE13, "a6dd": 0xFE14, "a6de": 0xFE15, "a6df": 0xFE16,
    "a6ec": 0xFE17, "a6ed": 0xFE18, "a6f3": 0xFE19, "a8bc": 0x1E3F, "fe51": 0x20087, "fe52": 0x20089, "fe53": 0x200CC,
    "fe59": 0x9FB4, "fe61": 0x9FB5, "fe66": 0x9FB6, "fe67": 0x9FB7, "fe6c": 0x215D7, "fe6d": 0x9FB8, "fe76": 0x2298F,
    "fe7e": 0x9FB9, "fe90": 0x9FBA, "fe91": 0x241FE, "fea0": 0x9FBB,
}
MOVED_FOUR = {"8135f437": 0xE7C7}
BEYOND = [0x20087, 0x20089, 0x200CC, 0x215D7, 0x2298F, 0x241FE]  # do not fit 16 bits: numbered from 0xd800


def two_bytes():
    for lead in range(0x81, 0xFF):
        for trail in (*range(0x40, 0x7F), *range(0x80, 0xFF)):
            pair = bytes((lead, trail))
            code = MOVED.get(pair.hex()) or ord(pair.decode("gb18030"))
            yield 0xD800 + BEYOND.index(code) if code in BEYOND else code


def four_bytes():
    """(index, code point) wherever the sequence of code points jumps; 0 for a stretch without characters."""
    expected = None
    for index in range(39420):
        rest, last = divmod(index, 10)
        rest, third = divmod(rest, 126)
        first, second = divmod(rest, 10)
        four = bytes((0x81 + first, 0x30 + second, 0x81 + third, 0x30 + last))
        code = MOVED_FOUR.get(four.hex())
        if code is None:
            try:
                code = ord(four.decode("gb18030"))
            except UnicodeDecodeError:
                code = 0
        if code != expected:
            yield index, code
        expected = code + 1 if code else 0


def main():
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write('/* Made by tools/gb18030.py. */\n#include "data/gb18030.h"\n\nconst uint16_t gb18030_two[] = {\n')
        codes = list(two_bytes())
        for at in range(0, len(codes), 16):
            out.write(" ".join(f"{code:#x}," for code in codes[at:at + 16]) + "\n")
        out.write("};\n\nconst struct gb18030_range gb18030_four[] = {\n")
        ranges = list(four_bytes())
        for index, code in ranges:
            out.write(f"{{ {index}, {code:#x} }},\n")
        out.write(f"}};\n\nconst unsigned gb18030_ranges = {len(ranges)};\n\nconst uint32_t gb18030_beyond[] = {{ "
                  + ", ".join(f"{code:#x}" for code in BEYOND) + " };\n")


main()
