# SPDX-License-Identifier: MulanPSL-2.0
"""Package tables against dpkg and apt."""
from harness import need_tool, run, sql

def test_deb_packages_are_those_of_dpkg_query():
    tool = need_tool("dpkg-query")
    fields = ("Package", "Version", "source:Package", "source:Version", "Architecture", "Status", "Maintainer",
              "Section", "Priority", "Essential")
    out = run([tool, "-W", "-f", "\\t".join("${%s}" % field for field in fields) + "\\n"]).stdout
    truth = sorted(line.split("\t") for line in out.splitlines())
    rows = sql("SELECT name, version, source, source_version, arch, status, maintainer, section, priority, "
               "iif(essential, 'yes', 'no') FROM deb_packages WHERE status NOT LIKE '% not-installed'")
    assert sorted([value or "" for value in row.values()] for row in rows) == truth
