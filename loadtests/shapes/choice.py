"""The shapes that there are, by name, made from parameters that fit all of them."""

from collections.abc import Callable
from dataclasses import dataclass, fields

from loadtests.shapes.shape import Flat, Shape
from loadtests.shapes.sine import Sine

_SOAK_PHASE_SECONDS = 600.0
"""A soak is cut into phases of this length, so that what gets slower with time is seen by comparing them."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What shapes are made from; each takes what concerns it.

    Raises:
        ValueError: a number is not positive; the text says which.
    """

    base: float = 10.0
    """1x, in requests a second."""
    factor: float = 5.0
    """The highest rate, as a multiple of 1x: step, spike, sine."""
    before: float = 60.0
    """Seconds at 1x before a step or spike."""
    during: float | None = None
    """Seconds at the highest rate; None: 180 for a step, 30 for a spike."""
    after: float = 240.0
    """Seconds at 1x after a step or spike."""
    period: float = 240.0
    """Seconds of one sine."""
    cycles: int = 2
    """How many sines."""
    seconds: float | None = None
    """How long it lasts; None: 60 for constant, 3,600 for a soak."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not value > 0:
                raise ValueError(f"`{field.name}` of a shape must be over 0, not {value}.")


def step(given: Parameters) -> Shape:
    """Return 1x, then the factor, then 1x again."""
    return _raised("step", given, given.during or 180.0)


def spike(given: Parameters) -> Shape:
    """Return 1x with a short peak in it."""
    return _raised("spike", given, given.during or 30.0)


def sine(given: Parameters) -> Shape:
    """Return waves between 1x and the factor."""
    return Sine(given.base, given.factor, given.period, given.cycles)


def soak(given: Parameters) -> Shape:
    """Return 1x for long, in phases of equal length that can be compared."""
    total = given.seconds or 3_600.0
    count = max(1, round(total / _SOAK_PHASE_SECONDS))
    stretches = tuple((f"soak {number}", total / count, given.base) for number in range(1, count + 1))
    return Flat("soak", stretches, {"base_rps": given.base, "seconds": total})


def constant(given: Parameters) -> Shape:
    """Return 1x throughout."""
    seconds = given.seconds or 60.0
    return Flat("constant", (("1x", seconds, given.base),), {"base_rps": given.base, "seconds": seconds})


SHAPES: dict[str, Callable[[Parameters], Shape]] = {
    "step": step,
    "spike": spike,
    "sine": sine,
    "soak": soak,
    "constant": constant,
}


def _raised(name: str, given: Parameters, during: float) -> Shape:
    high = f"{given.factor:g}x"
    stretches = (
        ("1x", given.before, given.base),
        (high, during, given.base * given.factor),
        ("1x again", given.after, given.base),
    )
    parameters = {
        "base_rps": given.base,
        "factor": given.factor,
        "before_s": given.before,
        "during_s": during,
        "after_s": given.after,
    }
    return Flat(name, stretches, parameters)
