# SPDX-License-Identifier: MulanPSL-2.0
"""Spreadsheets as others write them (ECMA-376-1), and as nobody should."""
import json
import zipfile

import harness
import workbook
from harness import run, temporary


def show(content, *more):
    program = harness.ROOT / "build-asan/tests/show_sheet"
    if not program.exists():
        raise harness.Skip("show_sheet is not built")
    with temporary() as folder:
        path = folder / "sheet"
        path.write_bytes(content)
        done = run([program, path, *more])
    return done.returncode, done.stdout, done.stderr.replace(str(path), "sheet")


def rows(content):
    status, out, err = show(content)
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]


def refused(content, words):
    status, out, err = show(content)
    assert status == 1 and words in err, (status, err)


def test_values_are_what_a_person_sees():
    text = ('<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>in</t></is></c></row>'
            '<row r="3"><c r="A3" s="1"><v>46349</v></c><c r="B3" s="4"><v>46349.354166666664</v></c><c r="C3" s="5"><v>61</v></c>'
            '<c r="D3"><v>1.1E+11</v></c><c r="E3"><v>0.30000000000000004</v></c><c r="F3" t="b"><v>1</v></c><c r="G3" t="e"><v>#N/A</v></c>'
            '<c r="H3" t="str"><f>A1&amp;"x"</f><v>00123x</v></c><c r="I3" s="8"><v>5</v></c><c r="J3" s="7"><v>12</v></c>'
            '<c r="K3" t="d"><v>2026-11-23</v></c><c r="L3" s="6"><v>0.5</v></c><c r="M3" s="1"><v>59</v></c></row>')
    shared = ['<r><t>编</t></r><r><rPr/><t>号_x000A_</t></r><rPh sb="0" eb="1"><t>bian</t></rPh>']
    got = rows(workbook.zipped(workbook.parts(text, shared=shared)))
    assert got == [[1, ["编号\n", "", "in"]],
                   [3, ["2026-11-23", "2026-11-23 08:30:00", "1900-03-01", "110000000000", "0.3", "true", "#N/A", "00123x", "5", "12",
                        "2026-11-23", "12:00:00", "1900-02-28"]]], got


def test_shared_texts_may_all_be_empty():
    text = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>7</v></c></row>'
    assert rows(workbook.zipped(workbook.parts(text, shared=["<t/>"]))) == [[1, ["", "7"]]]


def test_where_things_stand_may_differ():
    """A hidden sheet first, an absolute target, 1904, no places, a prefix of the namespace."""
    text = '<x:row><x:c><x:v>1</x:v></x:c><x:c s="1"><x:v>1</x:v></x:c></x:row>'
    files = workbook.parts("", target="/xl/worksheets/sheet1.xml", properties='<workbookPr date1904="1"/>', hidden=True)
    files["xl/worksheets/sheet1.xml"] = f'<x:worksheet xmlns:x="{workbook.MAIN}"><x:sheetData>{text}</x:sheetData></x:worksheet>'
    assert rows(workbook.zipped(dict(reversed(files.items())), zipfile.ZIP_STORED)) == [[1, ["1", "1904-01-02"]]]


def test_hostile_workbooks_are_refused():
    cell = '<row r="1"><c r="A1" t="s"><v>{}</v></c></row>'
    good = workbook.parts(cell.format(0), shared=["<t>x</t>"])
    whole = workbook.zipped(good)
    refused(whole[:len(whole) // 2], "sheet: ")
    refused(workbook.zipped(workbook.parts(cell.format(7))), "row 1 names a text that is not there")
    entities = '<!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    refused(workbook.zipped(good | {"xl/sharedStrings.xml": f'{entities}<sst xmlns="{workbook.MAIN}"><si><t>&b;</t></si></sst>'}),
            "document type")
    refused(workbook.zipped(good | {"xl/workbook.xml": "<workbook/>"}), "no sheet")
    refused(workbook.zipped(good | {"xl/worksheets/sheet1.xml": "<worksheet><sheetData><row></sheetData>"}), "damaged")
    # 40 MB of blanks in 40 kB, in the sheet and in the shared texts.
    refused(workbook.zipped(good | {"xl/worksheets/sheet1.xml": "<worksheet>" + " " * 40_000_000}), "larger than any workbook")
    refused(workbook.zipped(workbook.parts(cell.format(0), shared=["<t>" + "x" * 40_000_000 + "</t>"])), "larger than any workbook")
    refused(workbook.zipped(workbook.parts('<row r="1"><c r="ZZZ1"><v>1</v></c></row>')), "more than 256 columns")
    refused(workbook.zipped(workbook.parts('<row r="1"><c t="inlineStr"><is><t>' + "x" * 40000 + '</t></is></c></row>')), "longer than")
    refused(workbook.zipped({f"x{n}": "" for n in range(10001)} | good), "more than 10000 files")

