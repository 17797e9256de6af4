"""What the files of a run have in their lines. All times are Unix seconds."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Time = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Figure = Annotated[float, Field(allow_inf_nan=False)]
_Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Sample(_Record):
    """A request. What it took is counted from when it was due, so that a generator that waits hides nothing."""

    due: _Time
    began: _Time
    seconds: _Positive
    """From when it was due to the end of the answer."""
    name: str = ""
    status: int = 0
    """0: no answer."""
    outcome: Literal["ok", "refused", "error"]
    detail: str = ""

    @property
    def done(self) -> float:
        """When its answer was there."""
        return self.due + self.seconds


class Tick(_Record):
    """A second of the generator's own life."""

    at: _Time
    wanted_rps: _Positive
    sent_rps: _Positive
    lag_s: _Positive = 0.0
    cpu: _Positive
    """Share of one core that its busiest process used."""
    late_by: str | None = None
    """Who made requests wait in this second, as far as the generator can tell: `generator` or `target`."""


class Deployment(_Record):
    """A Deployment at a moment."""

    kind: Literal["deployment"]
    at: _Time
    name: str
    component: str = ""
    desired: _Count
    ready: _Count


class Autoscaler(_Record):
    """A HorizontalPodAutoscaler at a moment."""

    kind: Literal["hpa"]
    at: _Time
    name: str
    component: str = ""
    min: _Count | None = None
    max: _Count
    desired: _Count | None = None


class Pod(_Record):
    """A pod at a moment."""

    kind: Literal["pod"]
    at: _Time
    name: str
    component: str = ""
    phase: str = ""
    ready: bool
    created: _Time | None = None
    ready_at: _Time | None = None
    deleted_at: _Time | None = None
    """When its deletion was asked for."""
    gone_at: _Time | None = None
    """When it was there no more."""
    restarts: _Count = 0


class Event(_Record):
    """What Kubernetes noted."""

    kind: Literal["event"]
    at: _Time
    reason: str = ""
    object: str = ""
    message: str = ""


class Gap(_Record):
    """A time in which the API server did not answer."""

    kind: Literal["gap"]
    at: _Time
    seconds: _Positive
    why: str = ""


class Clock(_Record):
    """How far the watch's clock was ahead of the API server's."""

    kind: Literal["clock"]
    at: _Time
    ahead_s: _Figure


Observation = Annotated[
    Deployment | Autoscaler | Pod | Event | Gap | Clock,
    Field(discriminator="kind"),
]


class Measured(_Record):
    """A value that Prometheus had."""

    at: _Time
    name: str
    value: _Figure
