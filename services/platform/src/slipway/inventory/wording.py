"""Periods and rights, in words that need no programmer."""

from datetime import timedelta

from slipway.inventory.declaration import DataClass, OnErasure, OnExport
from slipway.inventory.retention import Kept
from slipway.settings import Settings

_SINCE = {
    "finished_at": "the work on it is finished",
    "created_at": "it was made",
    "at": "it happened",
    "sealed_at": "it was sealed",
    "revoked_at": "it was revoked",
    "expires_at": "it has expired",
}
"""What the columns mean that ages count from."""

_YEAR = timedelta(days=365.25)

CLASSES = {
    DataClass.NONE: "not about a person",
    DataClass.PERSONAL: "personal",
    DataClass.SPECIAL: "special category (health, belief, origin, ...)",
    DataClass.SECRET: "secret",
}
ON_EXPORT = {
    OnExport.GIVEN: "given to the person",
    OnExport.EXPLAINED: "explained to the person",
    OnExport.NOT_THEIRS: "",
}
ON_ERASURE = {
    OnErasure.DELETED: "deleted",
    OnErasure.DESTROYED: "deleted, and its key destroyed",
    OnErasure.KEPT: "stays",
    OnErasure.NOT_THEIRS: "",
}


def how_long(kept: Kept, settings: Settings) -> str:
    """Return how long something is kept: `30 days after it was made`, `until it is revoked`.

    Raises:
        ValueError: another table decides; ask with what that one declares.
    """
    if kept.until is not None:
        return f"until {kept.until}"
    since = " or ".join(_SINCE.get(column, f"`{column}`") for column in kept.since)
    condition = f", once {kept.condition}" if kept.condition else ""
    return f"{in_words(kept.period(settings))}{' after ' if since else ''}{since}{condition}"


def in_words(period: timedelta | None) -> str:
    """Return a period in its largest whole unit: `30 days`, `5 minutes`.

    Raises:
        ValueError: there is no period.
    """
    if period is None:
        raise ValueError("what no age ends has no period; say what does")
    if period >= 2 * _YEAR:
        return f"{_counted(period // timedelta(days=1), 'day')} (about {_counted(round(period / _YEAR), 'year')})"
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if period >= length and period % length == timedelta(0):
            return _counted(period // length, unit)
    return _counted(period.total_seconds(), "second")


def _counted(number: float, unit: str) -> str:
    return f"{number:,g} {unit}{'' if number == 1 else 's'}"
