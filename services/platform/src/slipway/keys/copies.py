"""A tenant's wrapped keys as lines of a backup, and what of them a restored database may take."""

import base64
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys.envelope import SealBroken, key_version

Line = Mapping[str, Any]
"""One line of a backup, as JSON has it."""

Copies = Mapping[UUID, Mapping[str, bytes]]
"""Sealed columns by row."""

_ENDS = ("retired_at", "emptied_at", "destroyed_at")


FromT = TypeVar("FromT")
ToT = TypeVar("ToT")
KeyT = TypeVar("KeyT")


class BackupBlocked(Exception):  # noqa: N818  # it says what happened
    """A backup cannot be made, or must not be restored. The message says why."""


class SealedRows(Protocol):
    """Rows that a tenant's key itself seals, no key of a subject: few enough for one line of a backup."""

    @property
    def name(self) -> str:
        """What they are called in a backup."""
        ...

    async def dump(self, connection: AsyncConnection) -> Copies:
        """Return what is sealed of each row."""
        ...

    async def lay(self, connection: AsyncConnection, copies: Copies, needed: Collection[int]) -> None:
        """Replace what no version of `needed` opens by its copy, and delete a row that has none, as it was since."""
        ...


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version of a tenant's key as it is stored: wrapped, or without its key and dates alone."""

    version: int
    provider: str
    wrapped: bytes
    created_at: datetime
    retired_at: datetime | None
    emptied_at: datetime | None
    destroyed_at: datetime | None

    def line(self) -> Line:
        """Return it for a file."""
        return {
            "version": self.version,
            "provider": self.provider,
            "wrapped": shown(self.wrapped),
            "created_at": self.created_at.isoformat(),
            **{name: at and at.isoformat() for name, at in self._ends().items()},
        }

    @classmethod
    def of(cls, line: Line) -> Self:
        """Read it from a file."""
        ends = [line[name] and datetime.fromisoformat(line[name]) for name in _ENDS]
        created_at = datetime.fromisoformat(line["created_at"])
        return cls(line["version"], line["provider"], hidden(line["wrapped"]), created_at, *ends)

    def _ends(self) -> dict[str, datetime | None]:
        return {name: getattr(self, name) for name in _ENDS}


@dataclass(frozen=True, slots=True)
class Own:
    """The last line of a tenant: its own keys, and what they seal themselves."""

    tenant: UUID
    taken_at: datetime
    """By PostgreSQL's clock. What was committed until then is in the backup, or in it as it became later."""
    versions: tuple[StoredVersion, ...]
    """All there have been, the oldest first."""
    needed: frozenset[int]
    """Those that wrap or seal something in the backup, or the next thing to come. The others are about to end."""
    index: bytes | None
    sealed: Mapping[str, Copies]
    files: Mapping[int, bytes]
    """Key files of the local key provider, by needed version. Without the master key they open nothing."""

    def line(self) -> Line:
        """Return it for a file."""
        return {
            "tenant": str(self.tenant),
            "taken_at": self.taken_at.isoformat(),
            "versions": [version.line() for version in self.versions],
            "needed": sorted(self.needed),
            "index": self.index and shown(self.index),
            "sealed": {name: _coded(copies, str, shown) for name, copies in self.sealed.items()},
            "files": {str(version): shown(content) for version, content in self.files.items()},
        }

    @classmethod
    def of(cls, line: Line) -> Self:
        """Read it from a file."""
        return cls(
            tenant=UUID(line["tenant"]),
            taken_at=datetime.fromisoformat(line["taken_at"]),
            versions=tuple(StoredVersion.of(version) for version in line["versions"]),
            needed=frozenset(line["needed"]),
            index=line["index"] and hidden(line["index"]),
            sealed={name: _coded(copies, UUID, hidden) for name, copies in line["sealed"].items()},
            files={int(version): hidden(content) for version, content in line["files"].items()},
        )

    def refuse_unless_newer(self, there: Sequence[StoredVersion]) -> None:
        """Compare with the versions that a database has.

        Raises:
            BackupBlocked: laid over them, the keys of this backup would make unreadable what is there.
        """
        known = {found.version: found for found in self.versions}
        for found in there:
            copy = known.get(found.version)
            if copy and (copy.created_at != found.created_at or _another(copy.wrapped, found.wrapped)):
                raise BackupBlocked(
                    f"The key of tenant {self.tenant} was replaced after the data were restored: version "
                    f"{found.version} is not the one of this backup. Restore the data anew, and then the keys, before "
                    "any other process of Slipway is started."
                )
            if (
                copy is None
                or (found.emptied_at and found.version in self.needed)
                or (found.retired_at and not copy.retired_at)
            ):
                raise BackupBlocked(
                    f"The key of tenant {self.tenant} was rotated after this backup of the keys was made, which would "
                    "make unreadable what is there. Take a newer one."
                )


def shown(value: bytes) -> str:
    """Return bytes as a file has them."""
    return base64.b64encode(value).decode()


def hidden(value: str) -> bytes:
    """Return what `shown` was given.

    Raises:
        ValueError: it is no base64.
    """
    return base64.b64decode(value, validate=True)


def sealed_by(sealed: bytes) -> int | None:
    """Return the version that an envelope names; None: these bytes are no envelope, and nothing opens them."""
    try:
        return key_version(sealed)
    except SealBroken:
        return None


def _coded(
    copies: Mapping[Any, Mapping[str, FromT]], row: Callable[[Any], KeyT], code: Callable[[FromT], ToT]
) -> dict[KeyT, dict[str, ToT]]:
    return {row(key): {name: code(value) for name, value in columns.items()} for key, columns in copies.items()}


def _another(copy: bytes, found: bytes) -> bool:
    return bool(copy and found and copy != found)
