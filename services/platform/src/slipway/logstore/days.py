"""The names of the daily indices: `slipway-logs-2026.11.22`."""

import re
from datetime import date

PREFIX = "slipway-logs"
PATTERN = f"{PREFIX}-*"
_NAME = re.compile(rf"{PREFIX}-([0-9]{{4}})\.([0-9]{{2}})\.([0-9]{{2}})")


def day_of(name: str) -> date | None:
    """Return the day that an index is named after; None when the name is not exactly one of ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return date.fromisoformat("-".join(found.groups()))
    except ValueError:  # the 31st of February: somebody else's
        return None


def expired(names: list[str], today: date, days: int) -> list[str]:
    """Return the indices whose last line is at least so many days old, the oldest first."""
    dated = [(day, name) for name in names if (day := day_of(name)) is not None]
    return [name for day, name in sorted(dated) if (today - day).days > days]
