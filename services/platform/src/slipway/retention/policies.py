"""How long the rows of each table are kept, and from when on their age counts. The one place that says so."""

from dataclasses import dataclass
from datetime import timedelta

from slipway.settings import Settings

_UNITS = {"_seconds": timedelta(seconds=1), "_days": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Policy:
    """A period, in days or in a setting whose name ends with its unit, and what it is for."""

    store: str
    """A short name, which metrics and commands use."""
    table: str
    since: str
    """The column that the age counts from."""
    reason: str
    """Why so long and no longer, as a clause."""
    days: float | None = None
    setting: str | None = None
    condition: str = ""
    """What else decides, in words."""
    takes_along: tuple[str, ...] = ()
    """Tables whose rows go with it."""

    def __post_init__(self) -> None:
        if (self.days is None) == (self.setting is None):
            raise ValueError(f"the period of {self.store} is either a number of days or a setting: give one of them")
        if self.setting is not None:
            _unit(self.setting)

    def limit(self, settings: Settings) -> timedelta:
        """Return the age at which a row is deleted."""
        if self.setting is None:
            return timedelta(days=self.days or 0)
        return float(getattr(settings, self.setting)) * _unit(self.setting)


def _unit(setting: str) -> timedelta:
    for ending, unit in _UNITS.items():
        if setting.endswith(ending) and setting in Settings.model_fields:
            return unit
    raise ValueError(f"{setting} is no setting whose name ends with {' or '.join(_UNITS)}")


JOBS = Policy(
    "jobs",
    "jobs",
    "finished_at",
    "whoever sent the inputs has had time to fetch the answers, and nothing else is done with either",
    setting="job_retention_days",
    condition="A job that has not ended counts from when it was last touched. What is about somebody under a legal "
    "hold stays, and with it the row of its job.",
    takes_along=("job_items", "job_chunks", "subjects", "subject_keys"),
)
SUBJECTS = Policy(
    "subjects",
    "subjects",
    "created_at",
    "a pseudonym and a key serve what is stored about somebody, and here nothing is",
    days=1,
    condition="Only where no input of any job is about them any more, and no legal hold is on them.",
    takes_along=("subject_keys",),
)
API_KEYS = Policy(
    "api_keys",
    "api_keys",
    "revoked_at",
    "the audit log names keys by their id for as long as questions about their use are likely",
    setting="api_key_retention_days",
    condition="Or from `expires_at`, if that is earlier. A key in force stays.",
)
IDEMPOTENCY_KEYS = Policy(
    "idempotency_keys",
    "idempotency_keys",
    "created_at",
    "a client that repeats a request does so within hours",
    setting="idempotency_seconds",
)
WEBHOOK_EVENTS = Policy(
    "webhook_events",
    "webhook_events",
    "created_at",
    "the log of deliveries answers whether a receiver was told, and can be sent again from",
    setting="webhook_retention_seconds",
    condition="What can still be delivered has up to twelve hours more.",
    takes_along=("webhook_deliveries", "webhook_attempts"),
)
