# SPDX-License-Identifier: MulanPSL-2.0
"""Workbooks made by hand, part by part, so that tests can write what no program would."""
import io
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
FORMATS = ["General", "@", "yyyy-mm-dd", 'yyyy"年"m"月"d"日"', "[h]:mm", "0.00E+00", '"Day "0']


def styles(formats=FORMATS):
    codes = "".join(f'<numFmt numFmtId="{200 + n}" formatCode="{code.replace(chr(34), "&quot;")}"/>' for n, code in enumerate(formats))
    cells = "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(len(formats)))
    return f'<styleSheet xmlns="{MAIN}"><numFmts count="1">{codes}</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>{cells}</cellXfs></styleSheet>'


def parts(rows, *, shared=(), target="worksheets/sheet1.xml", properties="", hidden=False):
    """`rows`: XML inside <sheetData>; shared: XML of each <si>."""
    sheets = f'<sheet name="Blatt" sheetId="1" r:id="rId1"/>'
    if hidden:
        sheets = '<sheet name="alt" sheetId="9" state="hidden" r:id="rId9"/>' + sheets
    return {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}<sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId9" Target="nowhere.xml"/>'
                                      f'<Relationship Id="rId1" Target="{target}"/></Relationships>',
        "xl/styles.xml": styles(),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">' + "".join(f"<si>{text}</si>" for text in shared) + "</sst>",
    }


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()
