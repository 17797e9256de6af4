"""Which rows the retention deletes. How long they are kept their tables declare, once, for it and for the inventory."""

from dataclasses import dataclass
from datetime import timedelta

from slipway.inventory.retention import Kept
from slipway.inventory.tables import retention_of
from slipway.settings import Settings


@dataclass(frozen=True, slots=True)
class Policy:
    """One kind of row."""

    store: str
    """A short name, which metrics and commands use."""
    table: str
    condition: str = ""
    """What else decides, in words."""
    takes_along: tuple[str, ...] = ()
    """Tables whose rows go with it."""

    @property
    def kept(self) -> Kept:
        """What the table declares: the period, from which of its columns it counts, and why."""
        return retention_of(self.table)

    def limit(self, settings: Settings) -> timedelta:
        """Return the age at which a row is deleted.

        Raises:
            ValueError: the table declares no age.
        """
        period = self.kept.period(settings)
        if period is None:
            raise ValueError(f"the rows of {self.table} end with an event or another row: no age is declared")
        return period


JOBS = Policy(
    "jobs",
    "jobs",
    condition="A job that has not ended counts from when it was last touched. What is about somebody under a legal "
    "hold stays, and with it the row of its job.",
    takes_along=("job_items", "job_chunks", "subjects", "subject_keys"),
)
SUBJECTS = Policy(
    "subjects",
    "subjects",
    condition="Only where no input of any job is about them any more, no export of theirs is kept, no legal hold is on "
    "them, and no restriction or objection has to be remembered.",
    takes_along=("subject_keys",),
)
EXPORTS = Policy(
    "exports",
    "subject_exports",
    condition="One that nobody could finish counts from when it was asked for. A legal hold keeps what is held about a "
    "person, not the copies that were made of it to be fetched.",
    takes_along=("subject_export_parts",),
)
API_KEYS = Policy("api_keys", "api_keys", condition="The earlier of the two dates counts. A key in force stays.")
IDEMPOTENCY_KEYS = Policy("idempotency_keys", "idempotency_keys")
WEBHOOK_EVENTS = Policy(
    "webhook_events",
    "webhook_events",
    condition="What can still be delivered has up to twelve hours more.",
    takes_along=("webhook_deliveries", "webhook_attempts"),
)
