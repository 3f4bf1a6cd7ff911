# SPDX-License-Identifier: MulanPSL-2.0
"""The console in a real browser (Debian's chromium, by playwright-core): tests/browser/*.mjs against `ward up`.

An error of the browser's console or of the content security policy is a failure wherever it happens."""
import os
import pathlib
import shutil

from harness import ROOT, WARD_RELEASE, Skip, need_tool, run, temporary
from office import Office

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


def browser(script, *args):
    done = run([need_browser(), ROOT / "tests" / "browser" / script, *args], timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def test_texts_are_complete():
    done = run([need_tool("node"), ROOT / "tests" / "browser" / "texts.mjs"])
    assert done.returncode == 0, done.stdout + done.stderr


def test_pages_of_a_real_office():
    """First login, every page in three languages, accessibility, keyboard, phone, and a stranger."""
    need_browser()
    with Office(folder=temporary() / "office", config="profile: city\n", binary=WARD_RELEASE) as office:
        browser("office.mjs", office.begun["first"])
