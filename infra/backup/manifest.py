"""What a backup says of itself."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from infra.backup.errors import BackupError
from infra.backup.files import private, sha256

NAME = "manifest.json"
FORMAT = 1
"""Of the files of a backup. What cannot read a format refuses it."""


@dataclass(frozen=True, slots=True)
class Part:
    """The dump of one database."""

    service: str
    """Service of the compose file that runs its server."""
    database: str
    owner: str
    roles: list[str]
    """Roles that its tables are granted to. Their passwords are no part of it."""
    file: str
    sha256: str
    size: int
    """In bytes."""
    rows: dict[str, int]
    """Rows by table, as of the dump's own snapshot."""
    next_xid: int
    """Every transaction id in the dump is below this one."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parts, and what they were made with."""

    format: int
    made_at: str
    slipway: str
    """Tag of the images that ran."""
    postgres: str
    schema: str
    """Alembic revision of the application's database."""
    keys_sha256: str
    """Digest of the file of keys that opens this backup; the file is kept elsewhere."""
    parts: list[Part]

    def write(self, folder: Path) -> None:
        """Write it beside the parts. A folder without it is no backup."""
        with private(folder / NAME) as file:
            file.write(json.dumps(asdict(self), indent=1).encode() + b"\n")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it.

        Raises:
            BackupError: there is none, or one that this version cannot read.
        """
        path = folder / NAME
        try:
            found: dict[str, Any] = json.loads(path.read_bytes())
        except OSError as error:
            raise BackupError(f"{folder} is not a whole backup: {NAME} cannot be read ({error.strerror}).") from None
        except ValueError:
            raise BackupError(f"{path} is damaged: it is not JSON.") from None
        if found.get("format") != FORMAT:
            raise BackupError(f"{path} has format {found.get('format')}; this version reads {FORMAT} only.")
        try:
            return cls(**found | {"parts": [Part(**part) for part in found["parts"]]})
        except (KeyError, TypeError) as error:
            raise BackupError(f"{path} is damaged: {error}.") from None

    def check(self, folder: Path, keys: Path) -> None:
        """Compare every file with its digest.

        Raises:
            BackupError: one is missing, was changed, or belongs to another backup.
        """
        for part in self.parts:
            if sha256(folder / part.file) != part.sha256:
                raise BackupError(f"{folder / part.file} is damaged: it has not the digest that {NAME} gives.")
        if sha256(keys) != self.keys_sha256:
            raise BackupError(f"{keys} is damaged, or holds the keys of another backup: {NAME} gives another digest.")
