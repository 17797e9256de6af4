"""What lies where below `var/`."""

import os
from pathlib import Path

from slipway_cli.errors import LocalError


class VarFolder:
    """The folder that holds all that the local stack writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.postgres = root / "postgres"
        self.redis = root / "redis"
        self.keys = root / "keys"
        self.evidence = root / "evidence"
        self.environment = root / "local.env"
        self.lock = root / "run" / "lock"
        self.state = root / "run" / "state.json"

    def log(self, process: str) -> Path:
        """Return the log of one process."""
        return self.root / "logs" / f"{process}.log"

    def logs(self) -> list[Path]:
        """Return the logs that there are, by name."""
        return sorted(self.root.glob("logs/*.log"))

    def make(self) -> None:
        """Make the folders.

        Raises:
            LocalError: we may not write there.
        """
        try:
            for folder in (self.lock.parent, self.root / "logs"):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LocalError(f"{self.root.absolute()} cannot be written to: {error.strerror}.") from error
        if not os.access(self.root, os.W_OK):
            raise LocalError(f"{self.root.absolute()} cannot be written to: it belongs to another user.")
