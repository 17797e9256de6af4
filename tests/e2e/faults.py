"""The table of faults, `faults.yml`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("faults.yml")
RULES = Path(__file__).parents[2] / "monitoring" / "prometheus" / "rules"
ALWAYS_FIRING = "Watchdog"
_KEYS = {"alerts", "later", "needs"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is broken on purpose."""

    wave: int
    """Those of a wave are injected together."""
    injector: str
    arguments: Sequence[str]
    alerts: Sequence[str]
    """Alerts that fire, and resolve when it is over."""
    later: Sequence[str]
    """Alerts that fire, and look back too far for anybody to wait for their end."""
    needs: Sequence[str]
    """Services without which it cannot be tried."""

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return " ".join([self.injector.replace("_", " "), ", ".join(self.arguments)]).strip()


def read_faults(file: Path = FILE) -> list[Fault]:
    """Return the faults, wave after wave.

    Raises:
        ValueError: a fault has not exactly one injector.
    """
    waves: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [_fault(wave["wave"], fault) for wave in waves for fault in wave["faults"]]


def declared_alerts(folder: Path = RULES) -> set[str]:
    """Return the names of all alerts of the rules."""
    return {rule["alert"] for file in sorted(folder.glob("*.yml")) for rule in _rules(file) if "alert" in rule}


def without_fault(alerts: set[str]) -> list[str]:
    """Return the alerts that no fault makes fire; the one that always fires needs none."""
    covered = {alert for fault in read_faults() for alert in (*fault.alerts, *fault.later)}
    return sorted(alerts - covered - {ALWAYS_FIRING})


def _fault(wave: int, fault: Mapping[str, Any]) -> Fault:
    injectors = sorted(set(fault) - _KEYS)
    if len(injectors) != 1:
        raise ValueError(f"{FILE.name}: a fault has one injector, not {injectors}")
    (injector,) = injectors
    return Fault(
        wave,
        injector,
        fault[injector],
        fault.get("alerts", ()),
        fault.get("later", ()),
        fault.get("needs", ()),
    )


def _rules(file: Path) -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]
