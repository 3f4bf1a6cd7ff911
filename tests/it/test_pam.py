# SPDX-License-Identifier: MulanPSL-2.0
"""The table pam against libpam itself: stacks of pam_echo, whose words come back in the order they run."""
import ctypes
import ctypes.util
import re

from harness import Skip, sql, temporary, tree


class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char_p), ("code", ctypes.c_int)]


TALK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(Message)),
                        ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)


class Conversation(ctypes.Structure):
    _fields_ = [("talk", TALK), ("data", ctypes.c_void_p)]


def words_of_libpam(folder, service):
    """What pam_echo said while pam_authenticate() ran the service."""
    name = ctypes.util.find_library("pam") or "libpam.so.0"
    try:
        pam = ctypes.CDLL(name)
        start = pam.pam_start_confdir
    except (OSError, AttributeError):
        raise Skip("no libpam with pam_start_confdir") from None
    libc = ctypes.CDLL(None)
    libc.calloc.restype = ctypes.c_void_p
    said = []

    def talk(count, messages, responses, _data):
        said.extend(messages[i].contents.text.decode().strip() for i in range(count))
        responses[0] = libc.calloc(count, ctypes.sizeof(Response))
        return 0

    handle, conversation = ctypes.c_void_p(), Conversation(TALK(talk), None)
    assert start(service.encode(), b"root", ctypes.byref(conversation), str(folder).encode(),
                 ctypes.byref(handle)) == 0
    pam.pam_authenticate(handle, 0)
    pam.pam_end(handle, 0)
    return said


def test_order_is_that_of_libpam():
    files = {
        "one": "auth optional pam_echo.so a1\n@include two\nauth include three\nauth substack four\n"
               "-auth optional pam_echo.so a2\naccount optional pam_echo.so never\n"
               "auth optional \\\n   pam_echo.so   a3   # rest\n",
        "other": "auth optional pam_echo.so o1\n",
        "two": "auth optional pam_echo.so b1\nsession optional pam_echo.so never\n@include four\n",
        "three": "# nothing\n\nauth [success=ok default=ignore] pam_echo.so c1\naccount include two\n",
        "four": "AUTH optional pam_echo.so d1\nauth\toptional\tpam_echo.so d2",
    }
    root = tree({"etc/os-release": "ID=x\n"} | {f"etc/pam.d/{name}": text for name, text in files.items()})
    folder = temporary()  # relative names are taken from /etc/pam.d, whatever the folder
    for name, text in files.items():
        (folder / name).write_text(re.sub("(include|substack) ", rf"\1 {folder}/", text))
    for service in ("one", "two", "three", "four"):
        truth = words_of_libpam(folder, service)
        rows = sql(f"SELECT args FROM pam WHERE service = '{service}' AND type = 'auth' ORDER BY position", root)
        assert truth and [row["args"] for row in rows] == truth, (service, truth, rows)
