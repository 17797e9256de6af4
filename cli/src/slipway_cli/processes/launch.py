"""Runs a program that dies with its parent and, when asked to, as an account without privileges.

A script of its own, run as `python -I -S launch.py SPECIFICATION PROGRAM ARGUMENT...`: between fork and exec of a
process with threads nothing may be done safely, so it is done in a fresh interpreter that then becomes the program.
The specification is JSON: `parent` (pid), `death_signal`, `uid` and `gid` (or null), and `reach`, the paths that the
program must be able to read or enter.
"""

import ctypes
import json
import os
import sys
from typing import Any

UNREACHABLE = 77
"""Exit status: the account cannot reach a path, and no capability is to be had that would help."""
NO_OTHER_ACCOUNT = 78
"""Exit status: this process may not become another account."""

_PR_SET_PDEATHSIG, _PR_SET_SECUREBITS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Set(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _set_capabilities(*, effective: int, permitted: int, inheritable: int) -> bool:
    sets = (_Set * 2)()
    sets[0] = _Set(effective, permitted, inheritable)
    header = _Header(_CAPABILITY_VERSION_3, 0)
    return bool(ctypes.CDLL(None).capset(ctypes.byref(header), sets) == 0)


def _permitted() -> int:
    sets = (_Set * 2)()
    header = _Header(_CAPABILITY_VERSION_3, 0)
    ctypes.CDLL(None).capget(ctypes.byref(header), sets)
    return int(sets[0].permitted)


def _can_reach(paths: list[str]) -> bool:
    return all(os.access(path, os.R_OK | os.X_OK if os.path.isfile(path) else os.X_OK) for path in paths)  # noqa: PTH113  # pathlib would double the start-up time


def _drop_privileges(uid: int, gid: int, reach: list[str]) -> None:
    """Become the account, keeping at most the one capability without which the paths are out of reach.

    PostgreSQL asks `access()`, which ignores the capabilities of a real uid other than root, unless the fix-up of
    capabilities on a change of uid is off.
    """
    linux = sys.platform == "linux"
    keeps = linux and ctypes.CDLL(None).prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0
    try:
        os.setgroups([])
        os.setregid(gid, gid)
        os.setreuid(uid, uid)
    except OSError:
        sys.exit(NO_OTHER_ACCOUNT)
    permitted = _permitted() if keeps else 0
    for capability in (0, 1 << _CAP_DAC_READ_SEARCH, 1 << _CAP_DAC_OVERRIDE):
        if capability & ~permitted:
            continue
        if keeps:
            _set_capabilities(effective=capability, permitted=permitted, inheritable=capability)
        if _can_reach(reach):
            break
    else:
        sys.exit(UNREACHABLE)
    if not keeps:
        return
    _set_capabilities(effective=capability, permitted=capability, inheritable=capability)
    number = capability.bit_length() - 1
    if capability and ctypes.CDLL(None).prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0:
        sys.exit(UNREACHABLE)


def _die_with(parent: int, signal: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The process that started this one is gone.")


def main(specification: dict[str, Any], command: list[str]) -> None:
    """Become the program; return only by an exception."""
    if specification["uid"] is not None:
        _drop_privileges(specification["uid"], specification["gid"], specification["reach"])
    # After the change of uid, which clears the signal.
    _die_with(specification["parent"], specification["death_signal"])
    os.execvp(command[0], command)  # noqa: S606  # the whole purpose


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
