"""What a run left in its folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.bench.measurement import Measurement, read

SLIPWAY, APPARATUS_OFF, PROTOTYPE = "slipway", "apparatus_off", "prototype"
PEERS = ("bentoml", "litserve", "ray", "mlserver")


@dataclass(frozen=True, slots=True)
class Material:
    """Measurements and the files beside them. An empty dict: that part was not run."""

    measurements: tuple[Measurement, ...]
    run: dict[str, Any]
    """run.json: the options, the machine, the chosen variants, what failed."""
    settings: dict[str, Any]
    """limit.json: the best setting of each graph."""
    startup: dict[str, Any]
    accuracy: dict[str, Any]

    @classmethod
    def of(cls, folder: Path) -> "Material":
        """Read a run's folder."""
        files = (_json(folder / f"{name}.json") for name in ("run", "limit", "startup", "accuracy"))
        return cls(tuple(read(folder)), *files)

    @property
    def systems(self) -> list[str]:
        """Return the systems in the order in which they are shown: the limit, ours, then the others."""
        known = ("limit", SLIPWAY, APPARATUS_OFF, PROTOTYPE, *PEERS)
        found = {each.system for each in self.measurements}
        return [name for name in known if name in found] + sorted(found - set(known))

    def of_system(self, system: str, case: str) -> Iterator[Measurement]:
        """Yield the measurements of a system in a case."""
        return (each for each in self.measurements if (each.system, each.case) == (system, case))


def _json(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
