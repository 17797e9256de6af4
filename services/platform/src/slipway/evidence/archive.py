"""Old lines may be moved away: a line that one of our keys has signed says up to which.

Nothing more has to be said of what they were: that line follows on all that are left, and they follow on those.
"""

from collections.abc import Iterable
from typing import Any

from slipway.evidence.line import Line


def words(upto: int, keys: Iterable[bytes]) -> dict[str, Any]:
    """Return what a line has to say so that the lines up to that number may be moved away.

    With the lines goes the proof of the keys that were retired in them, so it names all keys until now as well.
    """
    return {"upto": upto, "keys": [key.hex() for key in keys]}


def released(lines: Iterable[Line]) -> int:
    """Return up to which line a stream may lack its beginning, by the lines that say so, all signed by our keys."""
    return max((line.body["upto"] for line in lines), default=0)


def earlier_keys(lines: Iterable[Line]) -> list[bytes]:
    """Return the public keys that such lines vouch for, also after the lines that changed them are away."""
    return [bytes.fromhex(key) for line in lines for key in line.body["keys"]]
