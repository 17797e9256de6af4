"""How long something is kept: a period with its reason, which whoever deletes reads as well as whoever asks."""

from dataclasses import dataclass
from datetime import timedelta

from slipway.settings import Settings

_UNITS = {"_seconds": timedelta(seconds=1), "_ttl": timedelta(seconds=1), "_days": timedelta(days=1)}
"""By the end of a setting's name."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One of three: until an age (`days` or `setting`), with another table (`follows`), or until an event."""

    reason: str
    since: tuple[str, ...] = ()
    """Columns that the age counts from: the earliest that is set."""
    days: float | None = None
    setting: str | None = None
    follows: str | None = None
    until: str | None = None
    condition: str = ""

    def __post_init__(self) -> None:
        given = [self.days, self.setting, self.follows, self.until]
        if sum(each is not None for each in given) != 1:
            raise ValueError("a retention is days, a setting, another table, or an event: give exactly one")
        if not self.reason:
            raise ValueError("a retention needs its reason")
        if self.setting is not None:
            _unit(self.setting)

    def period(self, settings: Settings) -> timedelta | None:
        """Return the age at which it is deleted; None if another table or an event decides."""
        if self.setting is not None:
            return float(getattr(settings, self.setting)) * _unit(self.setting)
        return None if self.days is None else timedelta(days=self.days)


def _unit(setting: str) -> timedelta:
    if setting not in Settings.model_fields:
        raise ValueError(f"there is no setting {setting}")
    for ending, unit in _UNITS.items():
        if setting.endswith(ending):
            return unit
    raise ValueError(f"a setting of a period ends with {', '.join(_UNITS)}; {setting} does not")
