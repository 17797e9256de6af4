"""What a backup keeps apart from the data: in three places, as each alone is worth little."""

from dataclasses import dataclass, fields
from pathlib import Path

from infra.backup.errors import BackupError


@dataclass(frozen=True, slots=True)
class Apart:
    """Files. For a restore those that it does without are None."""

    keys: Path
    """The secrets of the stack, made with the data."""
    wrapped: Path | None
    """Tenants' wrapped keys, the newest there are; None: they are those of the data."""
    evidence: Path | None
    """Who was erased, and how far the audit log goes, the newest there is; None: whoever was erased is back."""

    def refuse_within(self, folder: Path) -> None:
        """Refuse files that lie in the folder of the data.

        Raises:
            BackupError: one does.
        """
        for field in fields(self):
            path = getattr(self, field.name)
            if path is not None and path.resolve().is_relative_to(folder.resolve()):
                raise BackupError(f"{path} must not lie beside the data: name another place.")
