"""Only one supervisor for each `var/`."""

import fcntl
import os
from pathlib import Path

from slipway_cli.errors import LocalError


class StackLock:
    """A lock that the system frees when its holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether we hold it."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            LocalError: another process holds it; the text says which.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode() or "unknown"
            os.close(descriptor)
            raise LocalError(
                f"The stack of {self._path.parent.parent.absolute()} is already up (pid {holder}). "
                "`slipway status` shows it, `slipway down` stops it."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Free the lock, if we hold it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
