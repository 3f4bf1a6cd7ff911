# SPDX-License-Identifier: MulanPSL-2.0
"""The Debian 12 policy of Wazuh, beside its commands run one by one."""
import io
import json
import os
import re
import subprocess
import tarfile
import tempfile

import bench

TIMES = 9
POLICY = "wazuh-5/cis_debian12.yml"


def policy_text():
    packed = bench.shared("sca-policies.tar.zst")
    done = subprocess.run([bench.need("zstd"), "-d", "--long=27", "-c", packed], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for member in archive:
            if member.name.endswith(POLICY):
                return archive.extractfile(member).read().decode()
    raise bench.CannotMeasure(f"{POLICY} is not in the archive")


def commands_of(text):
    """Its different command lines; rules stand one a line."""
    found = {}
    for match in re.finditer(r"^\s+- (?:'((?:[^']|'')*)'|\"((?:\\.|[^\"\\])*)\")\s*$", text, re.MULTILINE):
        rule = match[1].replace("''", "'") if match[1] is not None else re.sub(r"\\(.)", r"\1", match[2])
        command = re.match(r"(?:not )?c:(.*?)(?: -> |$)", rule)
        if command:
            found[command[1]] = True
    return list(found)


def unanswered(folder, commands):
    """Those whose form ward does not know."""
    path = os.path.join(folder, "commands.yml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("policy: {id: commands}\nchecks:\n")
        for number, command in enumerate(commands, 1):
            rule = json.dumps(f"c:{command} -> r:.")
            file.write(f"  - {{id: {number}, name: n, condition: all, rules: [{rule}]}}\n")
    done = subprocess.run([bench.WARD, "inspect", "--format", "json", "--sca", path], capture_output=True, check=False)
    return [verdict for verdict in json.loads(done.stdout)["verdicts"]
            if "command not answered natively" in (verdict["reason"] or "")]


def bench_sca():
    text = policy_text()
    commands = commands_of(text)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "policy.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        wall = bench.median([run.wall for run in bench.costs([bench.WARD, "inspect", "--sca", path], TIMES)])
        real = bench.cost([bench.WARD, "inspect", "--sca", path, "--allow-commands"],
                          env=os.environ | {"WARD_TEST_SCA_RUN_ALL": "1"}).wall
        unknown = unanswered(folder, commands)
    share = 100 * (1 - len(unknown) / len(commands))
    return [
        bench.row("Debian 12 SCA policy, 207 checks", f"{wall * 1e3:.0f} ms", "<= 300 ms", wall <= 0.3,
                  f"its commands run, each once: {real * 1e3:.0f} ms"),
        bench.row("its commands answered natively", f"{share:.1f} % of {len(commands)}", ">= 97 %", share >= 97),
    ]
