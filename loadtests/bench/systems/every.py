"""All systems, in the order of the first round: those that are compared most beside each other."""

from collections.abc import Collection

from loadtests.bench.measurement import LIMIT
from loadtests.bench.peers.systems import PEERS
from loadtests.bench.systems.apparatus_off.system import ApparatusOff
from loadtests.bench.systems.prototype.system import Prototype
from loadtests.bench.systems.slipway import Slipway
from loadtests.bench.systems.system import System

SYSTEMS: tuple[System, ...] = (Slipway(), ApparatusOff(), Prototype(), *PEERS)


def chosen(names: Collection[str]) -> list[System]:
    """Return the systems of these names; without names, all.

    Raises:
        ValueError: there is no such system; the text says which there are.
    """
    known = [LIMIT, *(system.name for system in SYSTEMS)]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"There is no system {unknown[0]!r}. There are {', '.join(known)}.")
    return [system for system in SYSTEMS if not names or system.name in names]
