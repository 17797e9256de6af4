"""Every feature flag, declared once."""

from enum import Enum


class Flag(Enum):
    """A flag: its name, the default when nothing knows it, and what it switches.

    All but the last are kill switches: on as a rule, switched off to protect the rest. The first four are asked for a
    tenant, and may be off for some tenants only; the next two for a whole process.
    """

    SYNC_PREDICT = ("sync-predict", True, "Answer `POST /v1/{workload}`. Off: 503.")
    JOB_INTAKE = ("job-intake", True, "Accept new jobs. Off: `POST /v1/jobs` answers 503; accepted jobs go on.")
    JOB_UPLOADS = ("job-uploads", True, "Accept new jobs as NDJSON. Off: such an upload gets 503; JSON goes on.")
    EVENT_STREAMS = ("event-streams", True, "Serve `GET /v1/jobs/{job_id}/events`. Off: 503; open streams end.")
    JOB_PROCESSING = ("job-processing", True, "Work on jobs. Off: chunks wait, and those in hand are finished.")
    WEBHOOK_DELIVERY = ("webhook-delivery", True, "Send webhooks. Off: they wait, and those under way are finished.")
    MODEL_VARIANT = ("model-variant", False, "Let some tenants' inputs go to the model that a variant's payload names.")

    def __init__(self, flag: str, default: bool, description: str) -> None:  # noqa: FBT001  # a row of the table above
        self.flag = flag
        self.default = default
        self.description = description
