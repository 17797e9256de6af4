"""Two stacks beside each other, of which one works at a time: the product, and the same without encryption."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from loadtests.bench.systems.server import bare_environment
from loadtests.overload.target import GENEROUS, own_folder
from slipway_cli.keys import new_token
from slipway_cli.processes.program import Program
from slipway_cli.stack.local import LocalStack
from slipway_cli.stack.plan import Plan

TENANT = "sealing"
_ROOT = Path(__file__).parents[2]
_PLAIN = {
    "slipway_api": "loadtests.sealing.plain.api",
    "slipway_worker": "loadtests.sealing.plain.worker",
}


class PlainStack(LocalStack):
    """The local stack, whose API and worker are the bench's own programs."""

    def _service(self, plan: Plan, name: str) -> Callable[[], Program]:
        make = super()._service(plan, name)

        def program() -> Program:
            made = make()
            return replace(made, command=tuple(_PLAIN.get(word, word) for word in made.command))

        return program


@dataclass(frozen=True, slots=True)
class Side:
    """A stack that runs, and a key of a tenant of its own."""

    stack: LocalStack
    token: str


@contextmanager
def both_sides(workload: str, models: Path) -> Iterator[tuple[Side, Side]]:
    """Start both stacks in folders of their own, with free ports; stop and remove them at the end.

    Yields:
        The product, and the stack without encryption.
    """
    with ExitStack() as open_now:
        open_now.enter_context(_only(_environment(workload, models)))
        sides = [_open(open_now, kind) for kind in (LocalStack, PlainStack)]
        yield sides[0], sides[1]


def _open(open_now: ExitStack, kind: type[LocalStack]) -> Side:
    var = open_now.enter_context(own_folder(TENANT))
    stack = open_now.enter_context(kind(var, any_ports=True))
    return Side(stack, asyncio.run(new_token(stack.settings, TENANT)))


def _environment(workload: str, models: Path) -> dict[str, str]:
    return bare_environment() | {
        "SLIPWAY_WORKLOAD": workload,
        "SLIPWAY_MODELS_DIR": str(models.absolute()),
        "SLIPWAY_RATE_LIMIT_PER_MINUTE": str(GENEROUS),
        "PYTHONPATH": str(_ROOT),
    }


@contextmanager
def _only(environment: Mapping[str, str]) -> Iterator[None]:
    """Have this environment and no other: the processes of a stack get ours."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
