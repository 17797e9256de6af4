"""Everything that an API needs around it, and nothing beside it: PostgreSQL, Redis, a key, a model."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.overload.target import GENEROUS, own_folder
from slipway.tenants.schemas import Scope
from slipway_cli.keys import new_token
from slipway_cli.servers.ports import free_port
from slipway_cli.stack.environment import service_environment
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.local import LocalStack


@dataclass(frozen=True, slots=True)
class Stage:
    """What an API is started with."""

    environment: Mapping[str, str]
    """The whole of it; the ports that an API listens on are not in it."""
    token: str
    log: Path
    """What the processes write."""


@contextmanager
def set_up(models: Path) -> Iterator[Stage]:
    """Start a stack in a folder of its own and end its services; PostgreSQL and Redis go on until the end."""
    with own_folder("startup") as var:
        (var / "models").symlink_to(models.absolute())
        with _with_settings({"SLIPWAY_MODELS_DIR": str(var / "models")}), LocalStack(var, any_ports=True) as stack:
            token = asyncio.run(new_token(stack.settings, "startup", Scope.PREDICT))
            for name in ("scheduler", "worker", "api"):
                stack.halt(name)
            yield Stage(_environment(stack.folder), token, var / "api.log")


def ports() -> dict[str, str]:
    """Return the settings of two ports that are free."""
    return {"SLIPWAY_API_PORT": str(free_port()), "SLIPWAY_METRICS_PORT": str(free_port())}


def _environment(folder: VarFolder) -> dict[str, str]:
    """Return the services' environment; Python keeps what it has compiled, as every installation does."""
    own = {"SLIPWAY_RATE_LIMIT_PER_MINUTE": str(GENEROUS)}
    kept = {name: value for name, value in service_environment(folder).items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | own


@contextmanager
def _with_settings(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
