"""Every feature flag, declared once."""

from enum import Enum


class Flag(Enum):
    """A flag: its name, the default when nothing knows it, and what it switches."""

    JOB_INTAKE = ("job-intake", True, "Accept new jobs. Off: `POST /v1/jobs` answers 503; accepted jobs go on.")
    SYNC_PREDICT = ("sync-predict", True, "Serve `POST /v1/{workload}`. Off: it answers 503.")

    def __init__(self, flag: str, default: bool, description: str) -> None:  # noqa: FBT001  # a row of the table above
        self.flag = flag
        self.default = default
        self.description = description
