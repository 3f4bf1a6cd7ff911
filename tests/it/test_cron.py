# SPDX-License-Identifier: MulanPSL-2.0
"""cron against `crontab -l` and run-parts, which know which lines and scripts count."""
import pathlib
import re
import shutil

from harness import ROOT, Skip, need_root, need_tool, run, sql


def test_crontab_of_root():
    need_root()
    done = run([need_tool("crontab"), "-l"])
    if done.returncode:
        raise Skip("root has no crontab")
    truth = [line for line in done.stdout.splitlines() if re.match(r"\s*[0-9*@]", line)]
    assert len(sql("SELECT 1 FROM cron WHERE kind = 'user' AND user = 'root'")) == len(truth)


def test_scripts_that_run_parts_would_run():
    tool = need_tool("run-parts")
    said = run([tool, "--help"])
    if "--test" not in said.stdout + said.stderr:
        raise Skip("this run-parts has no --test")
    for root in ("/", ROOT / "tests/tables/cron/root"):
        for every in ("hourly", "daily", "weekly", "monthly"):
            folder = pathlib.Path(root) / f"etc/cron.{every}"
            truth = sorted(run([tool, "--test", folder]).stdout.split()) if folder.is_dir() else []
            if root == "/" and not pathlib.Path("/etc/debian_version").exists():
                continue
            rows = sql(f"SELECT file FROM cron WHERE kind = 'script' AND schedule = '@{every}' ORDER BY file",
                       None if root == "/" else root)
            assert [str(pathlib.Path(root) / row["file"].lstrip("/")) for row in rows] == truth


def test_no_values_of_the_environment():
    said = str(sql("SELECT * FROM cron", ROOT / "tests/tables/cron/root"))
    assert "do-not-tell" not in said and "hidden" not in said and "touch done" in said


def test_a_pipe_in_place_of_a_table():
    from harness import File, tree
    root = tree({"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/cron.d/pipe": File(None), "etc/crontab": "@daily root x\n"})
    assert len(sql("SELECT 1 FROM cron", root)) == 1
    assert sql("SELECT c.status FROM (SELECT count(*) FROM cron) CROSS JOIN coverage c WHERE table_name = 'cron'",
               root) == [{"status": "partial"}]
    shutil.rmtree(root)
