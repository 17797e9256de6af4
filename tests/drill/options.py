"""What a drill is asked to be."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

_SEEDS = range(2**32 - 1)
"""The erasures use the next one as well."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything there is."""

    subjects: int
    """People in the stack of the erasures."""
    erased: int
    """How many of them are erased."""
    exported: int
    """People of whom everything is exported."""
    tamperings: int
    queries: int
    rotated: int
    """People of the tenant whose key is rotated; one upload, which is 10,000 inputs at most."""
    kills: int
    """Rotations that are killed at work."""
    jobs: int
    """Jobs of each tenant whose rows get old."""


FULL = Sizes(10_000, 1_000, 1_000, 1_000, 100_000, 10_000, 10, 500)
QUICK = Sizes(300, 40, 60, 150, 3_000, 4_000, 3, 60)


@dataclass(frozen=True, slots=True)
class Options:
    """All that decides what a drill does."""

    seed: int
    quick: bool
    only: tuple[str, ...] = ()
    """Names of the proofs to run; none: all."""

    @property
    def sizes(self) -> Sizes:
        """How much of everything there is."""
        return QUICK if self.quick else FULL


def read_options(arguments: Sequence[str], proofs: Sequence[str]) -> Options:
    """Return the options of a command line; ends the process with a clear message when they are wrong."""
    parser = argparse.ArgumentParser(prog="drill", description="Every proof of the privacy, and a report.")
    parser.add_argument("--seed", type=int, default=1, help="what marks, queries, tamperings and kills are made from")
    parser.add_argument("--quick", action="store_true", help="small numbers, a few minutes")
    parser.add_argument("--only", action="append", choices=proofs, default=[], help="this proof; may be repeated")
    given = parser.parse_args(arguments)
    if given.seed not in _SEEDS:
        parser.error(f"The seed is a whole number from 0 to {_SEEDS[-1]}, not {given.seed}.")
    return Options(given.seed, given.quick, tuple(given.only))
