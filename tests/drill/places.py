"""Where the proofs take place: the stack as `slipway up` starts it, with settings of the proof's own."""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from slipway_cli.servers import placement
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.local import LocalStack

ROOT = Path(__file__).parents[2]


@contextmanager
def running_stack(folder: Path, settings: Mapping[str, str]) -> Iterator[LocalStack]:
    """Start the stack in the folder's `var`, and stop it at the end; its data stay until `remove_data`."""
    with environment(settings), LocalStack(folder / "var", any_ports=True) as stack:
        try:
            yield stack
        finally:
            stack.hurry()  # all is counted: nobody waits for what the worker holds


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set what services inherit, and nothing else of ours: what a person has set for themselves stays out."""
    before = dict(os.environ)
    try:
        for name in [name for name in os.environ if name.startswith("SLIPWAY_")]:
            del os.environ[name]
        path = [str(ROOT / "tests" / "workloads"), *sys.path]
        os.environ.update({**settings, "PYTHONPATH": os.pathsep.join(path)})
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def remove_data(folder: Path) -> None:
    """Remove what a proof has left in its folder, and what was placed elsewhere for its stack."""
    placement.remove(VarFolder((folder / "var").absolute()).postgres)
    shutil.rmtree(folder)
