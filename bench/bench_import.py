# SPDX-License-Identifier: MulanPSL-2.0
"""A workbook of 100,000 rows into a register of a running office: handed in, checked, applied. The peer is openpyxl's usual way of
reading it, where that is installed; without it, Python's own zip and XML parser over the same bytes."""
import importlib.util
import io
import pathlib
import sys
import time
import zipfile
from xml.etree import ElementTree

import bench

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/it"))
ROWS = 100000


def sheet():
    """A form of assets, filled in: text with leading zeros, choices, dates, numbers."""
    import workbook
    head = ["资产编号", "名称", "类别", "序列号", "操作系统", "存放地点", "购置日期", "使用年限", "用途"]
    shared = [f"<t>{text}</t>" for text in head + ["办公电脑", "Windows 10", "三楼信息科", "办公"]]

    def cell(column, row, value, kind="inlineStr", style=""):
        if kind == "s":
            return f'<c r="{column}{row}" t="s"><v>{value}</v></c>'
        if kind == "n":
            return f'<c r="{column}{row}"{style}><v>{value}</v></c>'
        return f'<c r="{column}{row}" t="inlineStr"><is><t>{value}</t></is></c>'

    out = ['<row r="1">' + "".join(cell(chr(65 + n), 1, n, "s") for n in range(len(head))) + "</row>"]
    for row in range(2, ROWS + 2):
        n = row - 2
        out.append(f'<row r="{row}">' + cell("A", row, f"{n:08d}") + cell("B", row, f"电脑{n}") + cell("C", row, 9, "s") + cell("D", row, f"SN{n:010d}") +
                   cell("E", row, 10, "s") + cell("F", row, 11, "s") + cell("G", row, 45000 + n % 1000, "n", ' s="1"') + cell("H", row, 6, "n") +
                   cell("I", row, 12, "s") + "</row>")
    return workbook.zipped(workbook.parts("".join(out), shared=shared))


def read_by_peer(content):
    began = time.process_time()
    if importlib.util.find_spec("openpyxl"):
        import openpyxl
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        rows = sum(1 for _ in book.active.iter_rows(values_only=True))
        name = "openpyxl"
    else:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open("xl/worksheets/sheet1.xml") as file:
            rows = sum(1 for _, node in ElementTree.iterparse(file) if node.tag.endswith("}row"))
        name = "Python's zip and XML"
    return name, rows, time.process_time() - began


def wait(client, number, while_state):
    while True:
        _, answer = client.get(f"/api/imports/{number}")
        if answer["state"] != while_state:
            return answer
        time.sleep(0.1)


def most_memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0


def bench_import():
    import harness
    from office import Office
    content = sheet()
    name, _, peer = read_by_peer(content)
    with Office(binary=harness.WARD_RELEASE) as office:
        client = office.first()
        before = most_memory(office.pid("server"))
        began = time.monotonic()
        status, answer = client.request("POST", "/api/records/asset/imports?name=assets.xlsx", content, timeout=120)
        if status != 202:
            raise bench.CannotMeasure(f"{status} {answer}")
        checked = wait(client, answer["id"], "checking")
        half = time.monotonic()
        if checked["state"] != "checked" or checked["bad"]:
            raise bench.CannotMeasure(str(checked)[:400])
        client.post(f"/api/imports/{answer['id']}/apply", {})
        applied = wait(client, answer["id"], "applying")
        end = time.monotonic()
        if applied["created"] != ROWS:
            raise bench.CannotMeasure(str(applied)[:400])
        memory = most_memory(office.pid("server"))
    return [bench.row(f"import of {ROWS:,} rows, {len(content) / 1e6:.1f} MB",
                      f"{end - began:.1f} s (checked {half - began:.1f}, applied {end - half:.1f}), {memory:.0f} MB (before {before:.0f})",
                      "<= 20 s, <= 150 MB", end - began <= 20 and memory <= 150, f"{name}, reading alone: {peer:.1f} s of CPU")]
