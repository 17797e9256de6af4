"""What a metric is: the specifications that the catalogue consists of.

Each is declared once, and is equal to itself alone: they are looked up for every request, and cheap to hash that way.
"""

from dataclasses import dataclass
from typing import ClassVar

OTHER = "other"
"""Stands in for a label value that is not on a closed list, or one too many of an open one."""

MAX_OPEN_VALUES = 200
"""Distinct values that an open label may take in one process. More are counted as `other`."""


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A label, and why its values are few."""

    name: str
    values: tuple[str, ...] = ()
    """The closed list of its values; anything else is counted as `other`."""
    bound: str = ""
    """What bounds the values of an open label: one sentence. Such a label has no closed list."""

    def __post_init__(self) -> None:
        if bool(self.values) == bool(self.bound):
            raise ValueError(f"label {self.name!r} needs either a closed list of values or a sentence on its bound")


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric. Names, units and suffixes follow Prometheus' conventions: base units, counters end in `_total`."""

    name: str
    help: str
    labels: tuple[Label, ...] = ()
    unit: str = ""
    """Base unit, `seconds` or `bytes`; empty for plain counts. The name ends with it."""

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        if not self.name.startswith("slipway_"):
            raise ValueError(f"metric {self.name!r} must start with slipway_")
        if self.unit and not self.name.endswith(f"_{self.unit}"):
            raise ValueError(f"metric {self.name!r} must end with its unit, _{self.unit}")


@dataclass(frozen=True, slots=True, eq=False)
class Counter(Metric):
    """Only grows."""

    kind = "counter"


@dataclass(frozen=True, slots=True, eq=False)
class Gauge(Metric):
    """Goes up and down."""

    kind = "gauge"


@dataclass(frozen=True, slots=True, eq=False)
class Histogram(Metric):
    """Counts observations in buckets."""

    buckets: tuple[float, ...] = ()
    """Upper bounds, ascending; `+Inf` is added."""
    exemplars: bool = False
    """Whether a bucket names the trace of its latest observation, if that trace was sampled."""

    kind = "histogram"
