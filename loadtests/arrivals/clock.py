"""Unix time that never jumps, so that it is good for measuring as well."""

import time

_OFFSET = time.time() - time.monotonic()


def now() -> float:
    """Return the Unix time in seconds, as this process believed it to be when it started."""
    return time.monotonic() + _OFFSET
