# SPDX-License-Identifier: MulanPSL-2.0
"""The report as a browser shows and prints it, and the words it says for what the content brings."""
import html
import json
import re
import shutil

from harness import ROOT, Skip, run, temporary, tree, ward

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
         "--disable-background-networking", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0"]
TITLES = {"en": "Security self-inspection report", "zh-CN": "网络安全自查报告", "vi": "Báo cáo tự kiểm tra an toàn thông tin"}
LONG = "/srv/" + "a-directory-with-a-long-name/" * 6 + "x"
HOST = {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "etc/hostname": "his01\n",
    "etc/passwd": f"root:x:0:0::/root:/bin/bash\ntoor:x:0:0::{LONG}:/bin/bash\n" + "".join(
        f"clerk{n}:x:0:0::{LONG}{n}:/bin/bash\n" for n in range(30)),
    "etc/shadow": "root::19000:0:99999:7:::\n" + "".join(f"clerk{n}::19000:0:99999:7:::\n" for n in range(30)),
    "etc/ssh/sshd_config": "PermitRootLogin yes\nCiphers 3des-cbc,aes128-cbc\n",
    "etc/login.defs": "PASS_MAX_DAYS 99999\n",
}


def browser(*args):
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            done = run([name, *FLAGS, f"--user-data-dir={temporary()}", *args], timeout=500)
            said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
            assert done.returncode == 0 and not said, (done.returncode, said, done.stderr[-500:])
            return done.stdout
    raise Skip("no chromium here")


def report(lang):
    page = temporary() / "report.html"
    done = ward("inspect", "--root", tree(HOST), "--lang", lang, "--report", page)
    assert done.returncode == 1, done.stderr
    return page


def test_nothing_is_cut_off_at_the_side():
    """In a frame as wide as a screen and as a telephone, the page is not wider than the frame."""
    for lang in TITLES:
        inside = html.escape(report(lang).read_text("utf-8"))
        frames = "".join(f'<iframe width="{width}" height="900" style="border:0" srcdoc="{inside}"></iframe>'
                         for width in (1100, 390))
        copy = temporary() / "frames.html"
        copy.write_text(f"""<!doctype html><meta charset="utf-8"><body>{frames}<script>
            addEventListener("load", () => document.body.textContent = "widths " + [...document.querySelectorAll("iframe")]
                .map(f => f.width + ":" + f.contentDocument.documentElement.scrollWidth).join(" ") + " end")
            </script>""", "utf-8")
        widths = re.search(r"widths (.*?) end", browser("--dump-dom", f"file://{copy}"))
        assert widths, lang
        for pair in widths[1].split():
            frame, page = map(int, pair.split(":"))
            assert 0 < page <= frame, f"{lang}: {page} pixels of page in {frame}"


def test_it_prints():
    for lang, title in TITLES.items():
        pdf = temporary() / "report.pdf"
        browser(f"--print-to-pdf={pdf}", "--no-pdf-header-footer", f"file://{report(lang)}")
        pages = re.findall(rb"/Type\s*/Page\b(?!s)", pdf.read_bytes())
        assert len(pages) > 1, lang
        if shutil.which("pdftotext"):
            text = re.sub(r"\s+", " ", run(["pdftotext", "-f", "1", "-l", "1", pdf, "-"]).stdout)
            assert title.lower() in text.lower() or title in text.replace(" ", ""), f"{lang}: {text[:300]}"
            assert "his01" in text, lang


def test_the_report_holds_all_parts():
    for lang, parts in (("zh-CN", ("一、总体情况", "二、存在的问题", "三、无法判定的事项", "四、签字确认", "附件一", "附件四", "未核实")),
                        ("vi", ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "I. Tình hình chung", "IV. Ký xác nhận", "Phụ lục 4")),
                        ("en", ("1. Summary", "4. Signatures", "Annex 4"))):
        text = report(lang).read_text("utf-8")
        places = [text.find(part) for part in parts]
        assert -1 not in places, (lang, parts[places.index(-1)])
        summary = json.loads(ward("inspect", "--root", tree(HOST), "--format", "json").stdout)["summary"]
        assert str(summary["fail"]) in text


def catalogue(lang):
    text = (ROOT / "content" / "i18n" / f"{lang}.yaml").read_text("utf-8")
    return set(re.findall(r'^"((?:[^"\\]|\\.)*)": ', text, re.M))


def checks():
    return [check for check in json.loads(ward("check", "list", "--format", "json").stdout) if check["group"] == "host"]


def test_columns_have_headings():
    """Every column that a check can give out as evidence has a heading in Chinese and Vietnamese."""
    queries = []
    for check in checks():
        literal = re.compile(r"'[^']*'")
        sql, at = "", 0
        for match in literal.finditer(check["violations"]):
            sql += re.sub(r":[a-z_]\w*", "1", check["violations"][at:match.start()]) + match[0]
            at = match.end()
        sql += re.sub(r":[a-z_]\w*", "1", check["violations"][at:])
        queries.append(f"SELECT * FROM ({sql.strip().rstrip(';')}) LIMIT 0;\n")
    done = ward("sql", "--root", tree(HOST), "--format", "csv", input="".join(queries), timeout=300)
    columns = {name.strip('"') for line in done.stdout.splitlines() for name in line.split(",")}
    assert len(columns) > 100, done.stderr[-500:]
    for lang in ("zh-CN", "vi"):
        known = catalogue(lang)
        missing = sorted(name for name in columns if f"column {name}" not in known)
        assert not missing, f"content/i18n/{lang}.yaml lacks \"column …\" for {missing}"


def test_words_of_checks_are_translated():
    """What a check says in words of its own ('no backup job …' AS found) is not left in English."""
    said = set()
    for check in checks():
        said |= set(re.findall(r"'([A-Za-z]+(?:[ ,-]+[A-Za-z]+)+)' AS (?:found|expected)", check["violations"]))
        said |= set(re.findall(r"(?:THEN|coalesce\([a-z_. ]+,|ELSE) '([a-z]+(?: [A-Za-z]+)+)'", check["violations"]))
    for lang in ("zh-CN", "vi"):
        known = catalogue(lang)
        # names of settings stay as they are
        missing = sorted(text for text in said if f"evidence {text}" not in known and not re.search(r"[A-Z]{2}|[a-z][A-Z]|_", text)
                         and text not in ("yescrypt, sha512", "publickey,keyboard-interactive"))
        assert not missing, f"content/i18n/{lang}.yaml lacks \"evidence …\" for {missing}"


def test_thresholds_have_names():
    names = {name for path in (ROOT / "content" / "profiles").glob("*.yaml")
             for name in re.findall(r"\{name: (\w+),", path.read_text("utf-8"))}
    assert len(names) > 10
    for lang in ("zh-CN", "vi"):
        missing = sorted(name for name in names if f"threshold {name}" not in catalogue(lang))
        assert not missing, f"content/i18n/{lang}.yaml lacks \"threshold …\" for {missing}"
