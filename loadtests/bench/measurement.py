"""One measured slice, kept as a line of JSON: a run that breaks loses no contest that was measured.

A run's folder, var/bench/<time>, holds:
- measurements.ndjson: what counts;
- trials.ndjson: the search among the variants of a system, of which nothing but the choice is used;
- run.json: the options, the processors, the chosen variants, and the systems that failed, with why.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from loadtests.bench.kind import Kind

MEASUREMENTS = "measurements.ndjson"
TRIALS = "trials.ndjson"
LIMIT = "limit"
"""The system that is the model in-process: its variants are `int8`, `fp32` and `fp32_plain`.

Its cases: `single` is one call after the other (p50_ms is the single call), `bulk` the best batches
(messages_per_s)."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a slice was measured: those of one contest and one turn are neighbours in time, and make a pair."""

    contest: str
    """`limit/bulk_c8`, `ray/single_c64`, `half`, ..."""
    turn: int
    """From 1."""


@dataclass(frozen=True)
class Measurement:
    """Latencies are milliseconds, over every request; in an open loop they count from when a request was due.

    Messages and rates count right answers only.
    """

    system: str
    variant: str
    case: str
    contest: str
    turn: int
    """As of a `Moment`."""
    requests: int
    """All that were sent, with those that failed or were refused."""
    messages: int
    seconds: float
    """From the first request to the last answer."""
    rps: float
    messages_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    """Requests without a right answer; refusals are counted apart."""
    server_cpu_s_per_1000: float
    """Processor seconds of all the system's processes, for 1,000 messages."""
    generator_cpu_share: float
    """Of one processor."""
    api_cpu_s_per_1000: float | None = None
    """The same without databases and the collector; None: not a server."""
    offered: float | None = None
    """Requests a second in an open loop. None: a closed one."""
    fraction: float | None = None
    """`offered` divided by the system's own peak in a closed loop."""
    refused: int = 0
    """Answers of 503 with Retry-After."""
    late_p99_ms: float | None = None
    """How late requests of an open loop left, which the latencies include."""
    kind: Kind = Kind.DOCUMENTED
    """Of the variant."""

    def to_json(self) -> str:
        """Return one line, without its end."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Measurement":
        """Return the measurement of one line."""
        found = json.loads(line)
        return cls(**found | {"kind": Kind(found["kind"])})


def append(folder: Path, measurement: Measurement, name: str = MEASUREMENTS) -> None:
    """Write it at the end of a file of the run's folder."""
    with (folder / name).open("a", encoding="utf-8") as lines:
        lines.write(measurement.to_json() + "\n")


def read(folder: Path, name: str = MEASUREMENTS) -> Iterator[Measurement]:
    """Yield all measurements of a run, in the order they were made; none, if there is no such file."""
    if (folder / name).exists():
        with (folder / name).open(encoding="utf-8") as lines:
            yield from (Measurement.from_json(line) for line in lines)
