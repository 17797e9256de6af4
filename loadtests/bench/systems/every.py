"""All systems: Slipway, and those that are measured beside it, in that order."""

from collections.abc import Collection

from loadtests.bench.measurement import LIMIT
from loadtests.bench.peers.systems import PEERS
from loadtests.bench.systems.apparatus_off.system import ApparatusOff
from loadtests.bench.systems.prototype.system import Prototype
from loadtests.bench.systems.slipway import Slipway
from loadtests.bench.systems.system import System

HOME: System = Slipway()
"""Beside which all others are measured."""
OTHERS: tuple[System, ...] = (ApparatusOff(), Prototype(), *PEERS)


def chosen(names: Collection[str]) -> list[System]:
    """Return the others of these names; without names, all.

    Raises:
        ValueError: there is no such system; the text says which there are.
    """
    known = [LIMIT, HOME.name, *(system.name for system in OTHERS)]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"There is no system {unknown[0]!r}. There are {', '.join(known)}.")
    return [system for system in OTHERS if not names or system.name in names]
