# SPDX-License-Identifier: MulanPSL-2.0
"""block_devices, usb, boot and tpm against lsblk, lsusb and the files themselves."""
import json
import os

from harness import Skip, need_mounted_root, need_tool, run, sql, steadily

KINDS = {"disk", "part", "crypt", "lvm", "loop", "rom"}


@steadily
def test_block_devices_are_those_of_lsblk():
    done = run([need_tool("lsblk"), "-J", "-b", "-a", "-l", "-o", "KNAME,TYPE,SIZE,RM,RO,MAJ:MIN"])
    if done.returncode != 0:
        raise Skip("lsblk cannot list here")
    truth = {}
    for row in json.loads(done.stdout)["blockdevices"]:
        if row["type"] == "loop" and not int(row["size"] or 0):
            continue
        truth[row["kname"]] = (row["type"] if row["type"] in KINDS else None, int(row["size"]), row["ro"] in (True, "1"),
                               row["maj:min"])
    mine = {row["kernel_name"]: (row["type"] if row["type"] in KINDS else None, row["size"], row["read_only"] == 1,
                                 row["device_number"])
            for row in sql("SELECT kernel_name, type, size, read_only, device_number FROM block_devices")}
    assert mine == truth


def test_root_is_on_a_device_that_is_listed():
    rows = sql("SELECT b.kernel_name FROM mounts m JOIN block_devices b ON b.device_number = m.device_number "
               "WHERE m.path = '/'")
    number = os.stat("/").st_dev
    if not os.path.exists(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}"):
        raise Skip("/ is on no block device")
    need_mounted_root()
    assert rows


def test_usb_devices_are_those_of_lsusb():
    truth = sorted(line.split()[5] for line in run([need_tool("lsusb")]).stdout.splitlines())
    assert sorted(f"{row['vid']}:{row['pid']}" for row in sql("SELECT vid, pid FROM usb")) == truth


def test_tpm_is_what_sysfs_has():
    assert sql("SELECT present FROM tpm") == [{"present": int(os.path.exists("/sys/class/tpm/tpm0"))}]
