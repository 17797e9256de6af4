"""The stage of a run: the real stack with tenants, keys and tripwires."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from unruly import ATTEMPTS, FOLDER

from chaos import tripwire
from chaos.options import Options
from chaos.orders import KEYS_A_TENANT, TENANTS
from chaos.window import Window
from slipway.tenants.schemas import KeyOrder, Scope
from slipway_cli.keys import issue_key, new_token
from slipway_cli.servers import placement
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.local import LocalStack

ROOT = Path(__file__).parents[2]
_SWEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """What a run plays on."""

    stack: LocalStack
    window: Window
    tokens: list[list[str]]
    """API keys by tenant."""
    notes: Path
    """What the workload noted of its misbehaviour, one JSON object a line."""


@contextmanager
def open_stage(options: Options, folder: Path) -> Iterator[Stage]:
    """Start the stack below `folder`, and stop it at the end. Its data stay."""
    notes = folder / "notes"
    notes.mkdir(parents=True)
    (notes / ATTEMPTS).touch()
    _enter_environment(options, notes)
    with LocalStack(folder / "var", workers=options.workers, any_ports=True) as stack:
        window = Window.of(stack)
        tripwire.lay(window.url)
        try:
            yield Stage(stack, window, asyncio.run(_tokens(stack)), notes / ATTEMPTS)
        finally:
            stack.hurry()  # all is judged: nobody waits for what the workers hold


def remove_data(folder: Path) -> None:
    """Remove what the stopped stack of a run leaves below its folder; the report stays."""
    placement.remove(VarFolder((folder / "var").absolute()).postgres)
    shutil.rmtree(folder / "var")
    shutil.rmtree(folder / "notes")


def _enter_environment(options: Options, notes: Path) -> None:
    """Set what the services inherit; what a person has set for themselves stays out of the run."""
    for name in [name for name in os.environ if name.startswith("SLIPWAY_")]:
        del os.environ[name]
    os.environ.update(
        {
            "SLIPWAY_WORKLOAD": "unruly:UnrulyTriage",
            "SLIPWAY_MODELS_DIR": str(ROOT / "var" / "models"),
            "SLIPWAY_MODEL_THREADS": "1",
            "SLIPWAY_LEASE_SECONDS": str(options.lease),
            "SLIPWAY_SWEEP_SECONDS": str(_SWEEP_SECONDS),
            "SLIPWAY_POLL_SECONDS": str(options.poll),
            "SLIPWAY_RECEIVING_SECONDS": str(options.receiving),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "workloads"), os.environ.get("PYTHONPATH", "")]),
            FOLDER: str(notes.absolute()),
        }
    )


async def _tokens(stack: LocalStack) -> list[list[str]]:
    return [[await _token(stack, tenant, key) for key in range(KEYS_A_TENANT)] for tenant in range(TENANTS)]


async def _token(stack: LocalStack, tenant: int, key: int) -> str:
    name = f"tenant-{tenant}"
    if key == 0:
        return await new_token(stack.settings, name)
    order = KeyOrder(f"key-{key}", frozenset(Scope))
    return (await issue_key(stack.settings, name, order)).token.get_secret_value()
