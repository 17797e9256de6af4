"""What is worth an entry in the audit log."""

from enum import StrEnum


class Action(StrEnum):
    """What was done."""

    TENANT_CREATED = "tenant.created"
    KEY_ISSUED = "key.issued"
    KEY_REVOKED = "key.revoked"
    TENANT_KEY_ROTATED = "tenant_key.rotated"
    TENANT_KEY_DESTROYED = "tenant_key.destroyed"
    TENANT_KEYS_RESTORED = "tenant_key.restored"
    PREDICTED = "predicted"
    JOB_CREATED = "job.created"
    JOB_CANCELLED = "job.cancelled"
    JOB_RETRIED = "job.retried"
    JOB_DELETED = "job.deleted"
    RESULTS_READ = "results.read"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"  # noqa: S105  # an action, not a secret
    WEBHOOK_TESTED = "webhook.tested"
    WEBHOOK_REDELIVERED = "webhook.redelivered"
    WEBHOOK_DELETED = "webhook.deleted"
    DATA_EXPIRED = "data.expired"
    SUBJECT_ADDED = "subject.added"
    SUBJECT_RESTRICTED = "subject.restricted"
    SUBJECT_RESTRICTION_LIFTED = "subject.restriction_lifted"
    SUBJECT_OBJECTED = "subject.objected"
    SUBJECT_OBJECTION_WITHDRAWN = "subject.objection_withdrawn"
    SUBJECT_RECTIFIED = "subject.rectified"
    SUBJECT_HELD = "subject.held"
    SUBJECT_RELEASED = "subject.released"
    SUBJECT_ERASURE_ASKED = "subject.erasure_asked"
    SUBJECT_ERASED = "subject.erased"
    SUBJECT_ERASED_AGAIN = "subject.erased_again"
