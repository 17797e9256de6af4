"""The file of a backup of the wrapped keys: JSON lines, the last of which tells that it is whole."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedRandom
from itertools import groupby
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from slipway import clock
from slipway.keys.copies import Line, Own
from slipway_cli.errors import LocalError

_KIND = "slipway keys"
_FORMAT = 1


def begin(file: BufferedRandom) -> None:
    """Write the first line."""
    put(file, {"kind": _KIND, "format": _FORMAT, "made_at": clock.now().isoformat()})


def put(file: BufferedRandom, line: Line) -> None:
    """Write a line."""
    file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


def finish(file: BufferedRandom, tenants: int) -> None:
    """Write the last line, with a digest of what the file has, and return once a crash cannot undo any of it."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    put(file, {"end": tenants, "sha256": digest})
    file.flush()
    os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A whole one."""

    path: Path
    own: dict[UUID, Own]
    """The tenants' own keys."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the tenants' own keys, and see that every line is there as it was written.

        Raises:
            LocalError: it cannot be read, or is no whole backup.
        """
        try:
            own = [Own.of(line) for line in _whole(path) if "versions" in line]
        except OSError as error:
            raise LocalError(f"{path} cannot be read: {error.strerror}.") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LocalError(f"{path} is no whole backup of keys of this release.") from error
        return cls(path, {found.tenant: found for found in own})

    def pages(self) -> Iterator[tuple[UUID, Iterator[Line]]]:
        """Yield each tenant with the lines of its subjects' keys, which are read as they are used."""
        with self.path.open("rb") as content:
            lines = (line for line in map(json.loads, content) if "tenant" in line)
            for tenant, found in groupby(lines, key=lambda line: str(line["tenant"])):
                yield UUID(tenant), (line for line in found if "subjects" in line)


def _whole(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines; at the end, fail unless they are those of a whole file.

    Raises:
        ValueError: they are not.
    """
    digest = hashlib.sha256()
    first: dict[str, Any] = {}
    line: dict[str, Any] = {}
    with path.open("rb") as content:
        for raw in content:
            line = json.loads(raw)
            first = first or line
            if "end" not in line:
                digest.update(raw)
                yield line
    if (first.get("kind"), first.get("format")) != (_KIND, _FORMAT) or line.get("sha256") != digest.hexdigest():
        raise ValueError("lines are missing, or were changed")
