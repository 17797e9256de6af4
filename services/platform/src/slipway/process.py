"""What every serving process begins with, and how it tells who started it that it is ready."""

import contextlib
import gc
import os

from slipway.settings import Environment, Settings
from slipway.telemetry.logs import configure_logs


def begin(role: str) -> Settings:
    """Read the settings and set up the log of a process of this role."""
    settings = Settings()
    configure_logs(role, settings.log_level, strict=settings.environment is Environment.DEVELOPMENT)
    return settings


def announce_ready(settings: Settings) -> None:
    """Let garbage be collected from now on, and write one byte to the descriptor of the settings, if there is one.

    A probe that asks from time to time does not see a process that was ready for a moment only, and then crashed over
    its first piece of work.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    if settings.ready_fd is None:
        return
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(settings.ready_fd, b"1")
    os.close(settings.ready_fd)
