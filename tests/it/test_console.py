# SPDX-License-Identifier: MulanPSL-2.0
"""The console in a real browser (Debian's chromium, by playwright-core): tests/browser/*.mjs against `ward up`.

An error of the browser's console or of the content security policy is a failure wherever it happens."""
import fcntl
import json
import os
import pathlib
import shutil
import zipfile

import workbook
from harness import ROOT, WARD_RELEASE, Skip, need_tool, run, temporary
from office import Office
from staff import described, staff

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def need_browser():
    node = need_tool("node")
    if not os.environ.get("CHROMIUM") and not any(pathlib.Path(path).exists() for path in CHROMIUM):
        raise Skip("no chromium")
    with open(ROOT / "build-asan" / "npm.lock", "w", encoding="utf-8") as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (ROOT / "console" / "node_modules" / ".package-lock.json").exists():  # written when all is there
            npm = shutil.which("npm")
            done = run([npm, "ci", "--ignore-scripts", "--prefer-offline"], cwd=ROOT / "console", timeout=None) if npm else None
            if done is None or done.returncode:
                raise Skip("playwright-core is not there (npm ci in console/)")
    return node


def browser(script, *args, env=None):
    done = run([need_browser(), ROOT / "tests" / "browser" / script, *args], timeout=None, env=env)
    assert done.returncode == 0, done.stdout + done.stderr


def test_texts_are_complete():
    done = run([need_tool("node"), ROOT / "tests" / "browser" / "texts.mjs"])
    assert done.returncode == 0, done.stdout + done.stderr


def test_pages_of_a_real_office():
    """First login, every page in three languages, accessibility, keyboard, phone, and a stranger."""
    need_browser()
    with Office(folder=temporary() / "office", config="profile: city\n", binary=WARD_RELEASE) as office:
        browser("office.mjs", office.begun["first"])


def flow(name, office):
    browser(f"{name}.mjs", env={"WARD_OFFICE": json.dumps(office)})


def test_first_login_and_second_start():
    need_browser()
    folder = temporary()
    kept = str(folder / "kept")
    with Office(folder=folder / "office", config="profile: city\n", binary=WARD_RELEASE) as office:
        flow("login", {"link": office.begun["first"], "kept": kept})
        office.stop()
    with Office(folder=folder / "office", binary=WARD_RELEASE) as office:
        assert not office.begun.get("first")
        flow("login", {"base": f"https://127.0.0.1:{office.port}/", "kept": kept})


def test_colleagues():
    need_browser()
    with Office(folder=temporary() / "office", config="profile: city\n", binary=WARD_RELEASE) as office:
        flow("people", described(office, staff(office, only=True)))


def test_from_a_finding_to_its_repair():
    need_browser()
    with Office(folder=temporary() / "office", config="profile: city\n", binary=WARD_RELEASE) as office:
        flow("repair", described(office, staff(office, "officer", "verifier")))


def assets(*rows):
    """A workbook as a person would fill it in."""
    head = ["资产编号", "名称", "类别", "购置日期"]
    cell = '<c t="inlineStr"><is><t>{}</t></is></c>'
    return workbook.zipped(workbook.parts("".join(f"<row>{''.join(cell.format(value) for value in row)}</row>" for row in (head, *rows))))


def test_a_register_and_its_workbooks():
    need_browser()
    folder = temporary()
    good = ("ZC-001", "窗口电脑", "办公电脑", "2025-03-01"), ("ZC-002", "数据库服务器", "服务器", ""), ("ZC-003", "=1+1", "其他", "2024-02-29")
    (folder / "good.xlsx").write_bytes(assets(*good))
    (folder / "bad.xlsx").write_bytes(assets(good[0], ("ZC-002", "", "服务器", ""), ("ZC-003", "冰箱", "家电", ""), ("ZC-004", "打印机", "其他", "2025-02-30")))
    (folder / "broken.xlsx").write_bytes(assets(*good)[:400])
    with Office(folder=folder / "office", config="profile: city\n", binary=WARD_RELEASE) as office:
        flow("sheet", described(office, staff(office, only=True), folder=str(folder)))
    with zipfile.ZipFile(folder / "template.xlsx") as template:
        sheets = "".join(template.read(name).decode() for name in template.namelist() if "sheet" in name and name.endswith(".xml"))
        assert "<dataValidation " in sheets and 'type="list"' in sheets, "the template has no drop-downs"
    with zipfile.ZipFile(folder / "export.xlsx") as export:
        said = "".join(export.read(name).decode() for name in export.namelist() if name.endswith(".xml"))
        assert "ZC-003" in said and "数据库服务器" in said and "<f>" not in said


def test_each_role_has_what_is_its_own():
    need_browser()
    with Office(folder=temporary() / "office", config="profile: city\n", binary=WARD_RELEASE) as office:
        flow("roles", described(office, staff(office, "operator", "auditor", "officer", "supplier")))


def test_pages_for_everybody():
    """Without eyes for colours, without a mouse, on a phone, in the other language."""
    need_browser()
    with Office(folder=temporary() / "office", config="profile: city\n", binary=WARD_RELEASE) as office:
        people = staff(office, only=True)
        office.wait(lambda: people["security"].get("/api/records/finding?limit=1")[1]["rows"], "findings of the first inspection")
        flow("pages", described(office, people))


def test_from_a_detection_to_a_closed_incident():
    need_browser()
    folder = temporary()
    log = folder / "auth.log"
    log.write_text("")
    config = f"profile: city\nsources:\n  - {{name: auth, files: {{paths: [{log}]}}}}\n"
    with Office(folder=folder / "office", config=config, binary=WARD_RELEASE) as office:
        flow("incident", described(office, staff(office, "duty", "officer", "leader"), log=str(log)))


def test_a_day_at_the_desk():
    need_browser()
    with Office(folder=temporary() / "office", config="profile: city\n", binary=WARD_RELEASE) as office:
        flow("desk", described(office, staff(office, "duty", "officer", "leader", "auditor")))


def test_two_persons_order_a_new_key_and_a_removal():
    need_browser()
    with Office(folder=temporary() / "office", config="profile: city\n", binary=WARD_RELEASE) as office:
        flow("orders", described(office, staff(office, "auditor")))
