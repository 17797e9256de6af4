"""Callers who make mistakes, and callers who are slow."""

import random
from functools import partial

from loadtests.scenario.call import Call, Slowness
from loadtests.scenario.triage import JSON_HEADERS, PATH, body, has_results

_UNPROCESSABLE, _UNAUTHENTICATED = frozenset({422}), frozenset({401})
_BAD_BODIES = (b'{"inputs": []}', b'{"inputs": [{"text": 5}]}', b'{"messages": ["where is my parcel?"]}')
_PIECES, _PAUSE_SECONDS = 8, 0.25
_LONG = 32
"""Messages of a request whose answer is read slowly: enough for several pieces."""


def bad_input(dice: random.Random) -> Call:
    """Return a request that must be answered with 422."""
    name = "POST /v1/triage, bad input"
    return Call(name, "POST", PATH, dice.choice(_BAD_BODIES), JSON_HEADERS, expected=_UNPROCESSABLE)


def wrong_key(dice: random.Random) -> Call:
    """Return a request that must be answered with 401."""
    name, key = "POST /v1/triage, wrong key", f"slw_{dice.getrandbits(128):032x}"
    return Call(name, "POST", PATH, body(dice, 1), JSON_HEADERS, key=key, expected=_UNAUTHENTICATED)


def slow_sender(dice: random.Random) -> Call:
    """Return a request whose body comes piece by piece, within about two seconds."""
    return Call(
        "POST /v1/triage, sent slowly",
        "POST",
        PATH,
        body(dice, 1),
        JSON_HEADERS,
        check=partial(has_results, count=1),
        sends_slowly=Slowness(_PIECES, _PAUSE_SECONDS),
    )


def slow_reader(dice: random.Random) -> Call:
    """Return a request whose answer is read piece by piece, within about two seconds."""
    return Call(
        "POST /v1/triage, read slowly",
        "POST",
        PATH,
        body(dice, _LONG),
        JSON_HEADERS,
        check=partial(has_results, count=_LONG),
        reads_slowly=Slowness(_PIECES, _PAUSE_SECONDS),
    )
