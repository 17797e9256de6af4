"""What the bench needs of a server: how it is configured, started, asked and understood; which processes are its."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from loadtests.bench.kind import Kind


@dataclass(frozen=True)
class Variant:
    """One configuration of a system. The settings are the system's own: workers, batch_size, `padded` or `each`."""

    name: str
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    kind: Kind = Kind.DOCUMENTED


@dataclass(frozen=True)
class Places:
    """Where a server finds the model and may write, and the processors it may use (the bench has pinned it already)."""

    models: Path
    """The folder of the encoder: `encoder-int8.onnx`, `encoder-fp32.onnx`, `tokenizer.json`."""

    heads: Path
    """The file of the linear heads, `heads.npz`."""

    var: Path
    """A folder of the system's own for this start. Environments that cost minutes belong elsewhere under var/bench."""

    cores: list[int]


def _nothing() -> set[int]:
    return set()


@dataclass(frozen=True)
class Endpoint:
    """A server that answers. Everything needed to ask it for predictions, and to count what they cost."""

    url: str
    headers: Mapping[str, str]

    encode: Callable[[Sequence[str]], bytes]
    """Body of a request for these texts."""

    answers: Callable[[bytes], int]
    """How many right-looking answers (category, confidence, priority) a body of 200 holds; 0: it cannot be read."""

    pids: Callable[[], set[int]]
    """Every process whose processor time counts, children included."""

    supporting: Callable[[], set[int]] = _nothing
    """Those of `pids` that do not answer HTTP: databases, collectors."""

    restless: Callable[[], set[int]] = _nothing
    """Those of `pids` that must go on while another system is measured: databases, which do nothing unless asked."""


class System(Protocol):
    """One thing to measure. `running` raises RuntimeError, with what to do, when it cannot start."""

    @property
    def name(self) -> str:
        """As in the results: `slipway`, `bentoml`, ..."""
        ...

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Its configurations, of which the best of each kind for each group of cases is measured. At least one."""
        ...

    def running(self, variant: Variant, places: Places) -> AbstractContextManager[Endpoint]:
        """Start a server of that configuration, ready to answer; at the end stop it and every process of it."""
        ...
