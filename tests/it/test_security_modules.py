# SPDX-License-Identifier: MulanPSL-2.0
"""time_sync, apparmor and selinux against the programs that know."""
import ctypes

from harness import Skip, need_root, need_tool, run, sql


def test_clock_is_what_adjtimex_says():
    libc = ctypes.CDLL("libc.so.6", use_errno=True)
    timex = (ctypes.c_byte * 256)()
    state = libc.adjtimex(ctypes.byref(timex))
    assert state >= 0
    row = sql("SELECT synced FROM time_sync WHERE daemon = 'kernel'")[0]
    assert row["synced"] == (state != 5)  # TIME_ERROR


def test_clock_is_what_timedatectl_says():
    done = run([need_tool("timedatectl"), "show", "-p", "NTPSynchronized", "--value"])
    if done.returncode != 0:
        raise Skip("timedatectl cannot say here")
    row = sql("SELECT synced FROM time_sync WHERE daemon = 'kernel'")[0]
    assert row["synced"] == (done.stdout.strip() == "yes")


def test_profiles_are_those_of_aa_status():
    need_root()
    done = run([need_tool("aa-status"), "--profiled"])
    if done.returncode not in (0, 2):
        raise Skip("AppArmor is off here")
    assert len(sql("SELECT profile FROM apparmor")) == int(done.stdout)


def test_selinux_is_what_getenforce_says():
    said = run([need_tool("getenforce")]).stdout.strip().lower()
    assert sql("SELECT value FROM selinux WHERE scope = 'running' AND key = 'mode'") == [{"value": said}]
