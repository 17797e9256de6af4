"""What a proof is given, and what it hands over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from drill.options import Sizes


class Tell(Protocol):
    """Is told what is done now, and which share of the proof is behind it where that is known."""

    def __call__(self, what: str, share: float | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What a proof works with."""

    sizes: Sizes
    seed: int
    folder: Path
    """An empty one of its own."""
    tell: Tell


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that has to be so, and whether it is."""

    name: str
    held: bool
    found: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proof has shown."""

    figures: Mapping[str, float]
    """Those of the last line."""
    bars: Sequence[Bar]
    """For the figures, and for that they were not come by for nothing: a search that can find, queries that do read."""
    against: Sequence[str] = ()
    """Each single thing that speaks against it, for whoever looks for the cause."""
    counted: Mapping[str, Any] = field(default_factory=dict)
    """What else was counted."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One of the proofs."""

    name: str
    promise: str
    """What is shown to be so, in a sentence."""
    figures: tuple[str, ...]
    """Which of the last line's figures it gives."""
    seconds: Callable[[Sizes], float]
    """About how long it takes on two cores."""
    run: Callable[[Ground], Shown]
