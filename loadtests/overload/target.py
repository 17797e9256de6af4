"""The stack that is put under load, and a key for it."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slipway.tenants.schemas import Scope
from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

GENEROUS = 100_000_000
"""A rate limit, in requests a minute, that nobody reaches."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go."""

    port: int
    token: str


@contextmanager
def own_folder(purpose: str) -> Iterator[Path]:
    """Make a folder for a stack's data, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix=f"slipway-{purpose}-") as folder:
        var = Path(folder)
        var.chmod(0o755)  # PostgreSQL runs as another user if we are root
        yield var


@contextmanager
def running(models: Path, rate_limit: int = GENEROUS) -> Iterator[Target]:
    """Start a stack in a folder of its own, with free ports; stop and remove it at the end."""
    os.environ["SLIPWAY_RATE_LIMIT_PER_MINUTE"] = str(rate_limit)
    with own_folder("overload") as var:
        (var / "models").symlink_to(models.absolute())
        os.environ["SLIPWAY_MODELS_DIR"] = str(var / "models")
        with LocalStack(var, any_ports=True) as stack:
            yield Target(
                int(stack.api_url.rpartition(":")[2]), asyncio.run(new_token(stack.settings, "overload", Scope.PREDICT))
            )
