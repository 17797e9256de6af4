"""The stack that is restarted, with a small workload, and a key for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

_ROOT = Path(__file__).parents[2]
_SETTINGS = {
    "WORKLOAD": "loadtests.restart.workload:Unhurried",
    "RATE_LIMIT_PER_MINUTE": "100000000",
    # A lease that is not given back would be missed only after the run, and its chunk be late.
    "LEASE_SECONDS": "60",
}


@contextmanager
def open_stack(var: Path, workers: int) -> Iterator[LocalStack]:
    """Start a stack in a folder of its own, with free ports; stop it at the end."""
    for name in [name for name in os.environ if name.startswith("SLIPWAY_")]:
        del os.environ[name]
    os.environ.update({f"SLIPWAY_{name}": value for name, value in _SETTINGS.items()})
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(_ROOT), str(_ROOT / "tests" / "workloads"), os.environ.get("PYTHONPATH", "")]
    )
    with LocalStack(var, workers=workers, any_ports=True) as stack:
        yield stack


async def issue_token(stack: LocalStack) -> str:
    """Create a tenant, and return a key that may do everything."""
    return await new_token(stack.settings, "restart")
