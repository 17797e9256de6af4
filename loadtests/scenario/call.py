"""A request of a scenario, and what is expected of its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_OK = frozenset({200})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, complete."""

    status: int
    headers: Mapping[str, str]
    """Whatever the case of their names."""
    content: bytes


@dataclass(frozen=True, slots=True)
class Later:
    """A request that an answer leads to."""

    call: "Call"
    seconds: float
    """How long after the answer it is due."""


@dataclass(frozen=True, slots=True)
class Slowness:
    """How a client dawdles. What it lasts is not counted as the target's time."""

    pieces: int
    """Into how many pieces the body is cut, or the answer is read."""
    pause: float
    """Seconds between two pieces."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent, and how the answer is checked."""

    name: str
    """As it is called in the figures."""
    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    """Instead of one of the API keys of the load."""
    expected: frozenset[int] = _OK
    check: Callable[[Answer], str | None] | None = None
    """Returns what is wrong with an answer of an expected status."""
    follow: Callable[[Answer], Later | None] | None = None
    """Returns what the answer leads to; it is asked whatever the status is, unless there was no answer."""
    sends_slowly: Slowness | None = None
    reads_slowly: Slowness | None = None
