"""What a run was to be: `run.json`."""

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_Time = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]
_RISE = 1.1
"""A load that is so much higher than the one before it is a rise."""


class Phase(BaseModel):
    """A time with one rate of requests; of a sine it is the mean rate."""

    model_config = ConfigDict(frozen=True)

    name: str
    begin: _Time = Field(alias="from")
    end: _Time = Field(alias="to")
    rate_rps: _Rate

    @property
    def seconds(self) -> float:
        """How long it was to last."""
        return self.end - self.begin


class Burst(BaseModel):
    """A number of messages that came at once, and what became of them. Times are Unix seconds."""

    model_config = ConfigDict(frozen=True)

    messages: _Count
    """All messages of all jobs of the burst."""
    submitted: _Time
    """When the first of them began to be uploaded."""
    drained: _Time | None = None
    """When the last job was terminal; None: some never were."""
    initial_workers: _Count
    max_workers: _Count
    messages_per_worker_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Messages a second that one worker answers, measured; None: nobody has measured it."""
    answered: _Count | None = None
    """Messages that have a result; None: nobody has counted."""
    interrupted: _Count | None = None
    """Chunks that were begun more than once; None: nobody has counted."""


class Run(BaseModel):
    """A run, as it was planned and as far as it came."""

    model_config = ConfigDict(frozen=True)

    scenario: str = ""
    shape: Literal["step", "spike", "sine", "soak", "constant", "burst"]
    started: _Time
    ended: _Time | None = None
    capacity_rps: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """Requests a second that one pod answers within the objective, by calibration."""
    base_rps: _Rate | None = None
    phases: tuple[Phase, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    """What the shape was made from; of a sine, `period_s` is the seconds from peak to peak."""
    burst: Burst | None = None
    namespace: str = ""
    release: str = ""
    component: str = ""
    pinned: bool = False
    url: str = ""
    objectives: dict[str, Any] = Field(default_factory=dict)

    @property
    def judged(self) -> str:
        """The component whose replicas are judged: the workers for a burst of jobs, the API otherwise."""
        return self.component or ("worker" if self.shape == "burst" else "api")

    @property
    def rises(self) -> tuple[Phase, ...]:
        """The phases that ask for more than the phase before them."""
        return tuple(then for before, then in pairwise(self.phases) if then.rate_rps > _RISE * before.rate_rps)

    @property
    def cycles(self) -> float:
        """How often the load rose and fell: the periods of a sine, the rises of another shape, at least one."""
        period = self.parameters.get("period_s")
        if self.shape == "sine" and isinstance(period, int | float) and period > 0 and self.phases:
            return max(1.0, (self.phases[-1].end - self.phases[0].begin) / period)
        return float(max(1, len(self.rises)))

    @property
    def end(self) -> float:
        """When the last phase was to end."""
        return self.phases[-1].end if self.phases else self.ended or self.started
