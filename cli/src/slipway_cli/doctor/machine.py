"""Checks of the machine: the folder, the disk, the clock."""

import shutil
import time
from pathlib import Path
from tempfile import TemporaryFile

from slipway_cli.doctor.finding import Finding, well, wrong
from slipway_cli.stack.folder import VarFolder

_LITTLE_BYTES = 2 * 2**30
_CLOCK_SECONDS = 120.0


def check_folder(folder: VarFolder) -> Finding:
    """Whether we can write below `var/`."""
    root = folder.root.absolute()
    nearest = root if root.exists() else root.parent
    try:
        with TemporaryFile(dir=nearest) as file:
            file.write(b"x")
    except OSError as error:
        return wrong(
            "folder",
            f"{nearest} cannot be written to: {error.strerror}. Mend its owner or mode, or work in another folder.",
        )
    return well("folder", f"{root} can be written to.")


def check_disk(folder: VarFolder) -> Finding:
    """Whether there is room for the database and the logs."""
    root = folder.root.absolute()
    free = shutil.disk_usage(root if root.exists() else root.parent).free
    if free < _LITTLE_BYTES:
        return wrong(
            "disk", f"Only {free / 2**30:.1f} GiB are free, and {_LITTLE_BYTES / 2**30:.0f} are wanted: make room."
        )
    return well("disk", f"{free / 2**30:.0f} GiB are free.")


def check_clock(folder: VarFolder) -> Finding:
    """Whether the clock is behind what was written here before, which would make keys and seals invalid."""
    written = [path.stat().st_mtime for path in (Path(__file__), folder.environment, folder.state) if path.exists()]
    ahead = max(written) - time.time()
    if ahead > _CLOCK_SECONDS:
        return wrong(
            "clock",
            f"The clock says {time.strftime('%Y-%m-%d %H:%M')}, but files here were written {ahead / 3600:.1f} h "
            "later. Set the clock (timedatectl set-ntp true).",
        )
    return well("clock", f"It says {time.strftime('%Y-%m-%d %H:%M')}.")
