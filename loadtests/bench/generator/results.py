"""What vegeta recorded, request by request."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

_UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Result:
    """One request and its answer."""

    number: int
    """In the order of sending, from 0."""
    sent: float
    """Unix time in seconds."""
    latency: float
    """Seconds from sending to the last byte of the answer."""
    status: int
    """0: there was no answer."""
    body: bytes
    error: str
    retry_after: bool

    @property
    def refused(self) -> bool:
        """Whether the server said that it has too much to do, and when to come again."""
        return self.status == _UNAVAILABLE and self.retry_after


def parse(lines: Iterable[str]) -> Iterator[Result]:
    """Read what `vegeta encode --to json` writes, a result a line."""
    for line in lines:
        found = json.loads(line)
        yield Result(
            number=found["seq"],
            sent=datetime.fromisoformat(found["timestamp"]).timestamp(),
            latency=found["latency"] / 1e9,
            status=found["code"],
            body=base64.b64decode(found["body"] or ""),
            error=found["error"],
            retry_after=any(name.lower() == "retry-after" for name in found["headers"] or ()),
        )
