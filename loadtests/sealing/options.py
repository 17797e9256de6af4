"""What a run is told on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.kinds import existing, within

SAMPLE = "triage.workload:Triage"
INSTANT = "loadtests.bench.profile.workload:Instant"
"""Knows its answer: what is left is the platform, beside which sealing is dearest."""
PEOPLE, NOBODY = "people", "nobody"
KINDS = (PEOPLE, NOBODY)
"""Jobs in which each message is about somebody else, of whom nothing was stored yet: every one needs a key of its own,
which is as dear as it gets. And jobs about nobody in particular, which have one key each."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes."""

    messages: int
    """Of each job."""
    rounds: int
    """Each has four jobs of each kind."""
    kinds: tuple[str, ...]
    workload: str
    models: Path


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Return the options; wrong ones end the program and say what would be right."""
    parser = argparse.ArgumentParser("python -m loadtests.sealing", description="What sealing costs in bulk.")
    add = parser.add_argument
    add("--messages", type=within(int, 10, 10_000), default=1_000, help="messages of each job (default 1000)")
    add("--rounds", type=within(int, 1, 200), default=10, help="of four jobs of each kind (default 10)")
    add("--only", choices=KINDS, help="only jobs of this kind")
    add("--no-model", action="store_true", help="with a model that knows its answer; there is no bar then")
    add("--models", type=existing, default=Path("var/models"), help="folder of the model (default var/models)")
    found = parser.parse_args(arguments)
    kinds = (found.only,) if found.only else KINDS
    return Options(found.messages, found.rounds, kinds, INSTANT if found.no_model else SAMPLE, found.models)
