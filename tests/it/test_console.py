# SPDX-License-Identifier: MulanPSL-2.0
"""The console in a real browser (Debian's chromium, by playwright-core): tests/browser/*.mjs against `ward up`.

An error of the browser's console or of the content security policy is a failure wherever it happens."""
import json
import os
import pathlib
import shutil

from harness import ROOT, WARD_RELEASE, Skip, need_tool, run, temporary
from office import Office
from staff import described, staff

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def need_browser():
    node = need_tool("node")
    if not os.environ.get("CHROMIUM") and not any(pathlib.Path(path).exists() for path in CHROMIUM):
        raise Skip("no chromium")
    if not (ROOT / "console" / "node_modules" / "playwright-core").exists():
        npm = shutil.which("npm")
        done = run([npm, "ci", "--ignore-scripts", "--prefer-offline"], cwd=ROOT / "console", timeout=300) if npm else None
        if done is None or done.returncode:
            raise Skip("playwright-core is not there (npm ci in console/)")
    return node


def browser(script, *args, env=None):
    done = run([need_browser(), ROOT / "tests" / "browser" / script, *args], timeout=600, env=env)
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
