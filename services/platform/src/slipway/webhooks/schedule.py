"""When a failed delivery is tried again: the schedule that the Standard Webhooks specification recommends."""

import random

_MINUTE, _HOUR = 60.0, 3600.0

DELAYS = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""Seconds after the first, second, ... failed attempt: ten attempts within 76 hours."""

MAX_ATTEMPTS = len(DELAYS) + 1
LONGEST_DELAY = 24 * _HOUR
_JITTER = 0.1


def next_delay(attempts: int, retry_after: float | None) -> float | None:
    """Return the seconds until the next attempt; None when there is no further one.

    The delay varies by a tenth, so that what failed together does not come back together. A receiver that asks for
    more time by `Retry-After` gets it, up to a day; one that asks for less does not use up its attempts sooner.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    planned = DELAYS[max(attempts, 1) - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # no secret
    return max(planned, min(retry_after or 0.0, LONGEST_DELAY))
