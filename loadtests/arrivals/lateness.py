"""Whose fault it is when requests are sent late."""

from enum import StrEnum

_WORTH_SECONDS = 0.1
"""Less is not worth an explanation."""


class Culprit(StrEnum):
    """Who made requests wait."""

    GENERATOR = "generator"
    """Its process came too late to send them: its processor share, or its machine, is used up."""
    TARGET = "target"
    """All clients were waiting for answers."""


def culprit(lag: float, loop_lag: float, busy: int, clients: int) -> Culprit | None:
    """Return who is to blame for a lag.

    Args:
        lag: longest that a request waited to be sent, in seconds.
        loop_lag: latest that the process woke up after a short sleep, in seconds.
        busy: most clients that were waiting for an answer at the same time.
        clients: how many there are.
    """
    if lag < _WORTH_SECONDS:
        return None
    waited_for_target = busy >= clients and loop_lag < lag / 2
    return Culprit.TARGET if waited_for_target else Culprit.GENERATOR
