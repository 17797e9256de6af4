"""What a workload is: a name, an input, an output, `load` and `predict`."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel

from slipway.workload.observation import Observation
from slipway.workload.reference import Reference


@dataclass(frozen=True, slots=True)
class Context:
    """What the platform tells a workload about the place it runs in."""

    models_dir: Path
    """The folder of the model artifacts."""
    model: str
    """The artifact to serve: `name`, or `name@version`."""
    precision: str = "int8"
    """`int8` or `fp32`."""
    threads: int = 0
    """Threads that the model may keep busy; 0 leaves the choice to the workload. See `Workload.lanes`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The answer for an input that the workload could not answer."""

    code: str
    """A stable snake_case word that callers may branch on."""
    detail: str
    """One sentence for a person. It is shown to the caller: no internals, nothing personal."""
    retryable: bool = False
    """Whether the same input may succeed at another time."""


InputT = TypeVar("InputT", bound=BaseModel)
OutputT = TypeVar("OutputT", bound=BaseModel)


class Workload(Generic[InputT, OutputT]):
    """Subclass this, and set `name`, `Input` and `Output`; the platform does the rest.

    `Input` should forbid unknown fields; fields that hold personal data say so with `personal(...)`.
    """

    name: ClassVar[str]
    """Appears in the routes (`POST /v1/{name}`), metrics and logs: lower case letters, digits, `-`."""
    Input: type[InputT]
    Output: type[OutputT]
    max_batch: ClassVar[int] = 32
    """The most inputs that one call of `predict` may get."""
    max_batch_cost: ClassVar[int] = 16_384
    """The most that one batch may cost: its number of inputs times the cost of its costliest (padding included)."""
    time_limit: ClassVar[float] = 30.0
    """Seconds after which a call of `predict` counts as failed; to wait for a lane does not count. One that goes on in
    its thread is left to itself; a process that collects such threads ends, to be started anew."""
    load_limit: ClassVar[float] = 300.0
    """Seconds after which `load` counts as failed, and the process ends."""

    def __init__(self, context: Context) -> None:
        """Keep the context; the expensive part belongs into `load`."""
        self.context = context

    @property
    def version(self) -> str:
        """Version of the loaded model, as it is reported to callers. Valid after `load`."""
        return "0"

    @property
    def lanes(self) -> int:
        """How many calls of `predict` may run at the same time. Valid after `load`.

        A plain function gets a thread for each. One is right for a model that keeps all cores (or the GPU) busy by
        itself; of a model that runs in the thread that calls it, take a lane for each core. Of an `async def`, so many
        calls are awaited at a time. The platform keeps the lanes busy: what waits is divided among them.
        """
        return 1

    @property
    def reference(self) -> Reference | None:
        """Return how the model's answers were distributed in training, if it is known. Valid after `load`.

        With it, and `observe`, the metrics tell how far the latest answers are from that: drift.
        """
        return None

    def load(self) -> None:
        """Load the model and warm it. Called once a process, off the event loop; raise to refuse to start."""

    def cost(self, item: InputT) -> int:
        """Return the cost of one input in a unit of the workload's choice (tokens, bytes); at least 1."""
        del item
        return 1

    def predict(self, batch: Sequence[InputT]) -> Sequence[OutputT | Failure] | Awaitable[Sequence[OutputT | Failure]]:
        """Answer each input, in order. A plain function runs in a thread; `async def` runs on the event loop.

        Several calls run at the same time if `lanes` is more than 1.

        An exception fails the whole batch, which is tried again; return a `Failure` to fail one input.
        """
        raise NotImplementedError

    def observe(self, output: OutputT) -> Observation | None:
        """Return what an output says of itself: its label, how sure the model is, whether a person shall decide.

        Optional. What is returned becomes metrics: answers by label, the distribution of scores, the share that is left
        to people, and drift if there is a `reference`. Called for each output, on the event loop: be quick.
        """
        del output
        return None
