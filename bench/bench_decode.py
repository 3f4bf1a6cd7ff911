# SPDX-License-Identifier: MulanPSL-2.0
"""Logs in GB 18030: the encoding found and made UTF-8, beside libc's iconv, which is told the encoding."""
import random
import subprocess
import tempfile

import bench


def lines(n):
    rnd = random.Random(9)
    words = ["用户", "登录", "失败", "参保人员", "结算", "查询", "导出", "密码错误", "医院", "药店", "管理员", "系统", "备份完成"]
    for _ in range(n):
        yield (f"2026-11-03 08:{rnd.randrange(60):02d}:{rnd.randrange(60):02d} INFO 模块{rnd.randrange(9)} "
               f"{''.join(rnd.choice(words) for _ in range(6))} ip=10.1.{rnd.randrange(256)}.{rnd.randrange(256)}\n").encode("gb18030")


def bench_gb18030():
    with tempfile.NamedTemporaryFile(suffix=".log") as file:
        file.writelines(lines(300000))
        file.flush()
        done = subprocess.run([bench.build("bench/bench_decode"), file.name], capture_output=True, text=True, check=True)
    ours, theirs, same = map(int, done.stdout.split())
    return [bench.row("GB 18030 found and made UTF-8, MB/s", f"{ours}", ">= 200", ours >= 200 and same == 1,
                      f"iconv, encoding known {theirs}")]
