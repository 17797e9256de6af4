"""What lies in Redis, by the names of its keys. All of it may be lost, and none of it is about a person."""

import re
from dataclasses import dataclass

from slipway.inventory.declaration import HELD, Held, nothing_personal
from slipway.inventory.purposes import Purpose

_RATES: Held = nothing_personal(Purpose.ACCESS, "The public part of an API key, a minute, and a count.")[HELD]
_RINGING: Held = nothing_personal(
    Purpose.QUEUEING, "Name of a task and a `traceparent`: that there is work, not what it is."
)[HELD]
_WIRING: Held = nothing_personal(Purpose.QUEUEING, "Names of queues.")[HELD]


@dataclass(frozen=True, slots=True)
class RedisKey:
    """All keys whose names match: what is in them, and how long."""

    name: str
    pattern: str
    """Regular expression over the whole name."""
    what: str
    held: Held
    kept: str


REDIS_KEYS = (
    RedisKey("LIMITS:rate/...", r"LIMITS:rate/.+", "How often an API key has called in a minute.", _RATES, "a minute"),
    RedisKey(
        "slipway.<workload>",
        r"slipway\.[a-z][a-z0-9-]*(\x06\x16\d)?",
        "Doorbells: messages that wait for a worker.",
        _RINGING,
        "until a worker takes the message, which then does nothing after a minute",
    ),
    RedisKey(
        "unacked...",
        r"unacked(_index|_mutex)?",
        "Messages that a worker has taken and not yet begun.",
        _RINGING,
        "until the worker begins, or an hour",
    ),
    RedisKey(
        "_kombu.binding...",
        r"_kombu\.binding(_permanent)?\..+",
        "Which queues there are.",
        _WIRING,
        "until Redis starts anew",
    ),
)


def redis_key(name: str) -> RedisKey | None:
    """Return the declaration that a key falls under; None: nobody has declared it."""
    return next((key for key in REDIS_KEYS if re.fullmatch(key.pattern, name)), None)
