"""Tables of the jobs. They are the truth; a Celery message is only a doorbell."""

from sqlalchemy import (
    UUID,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)

from slipway.database.base import metadata

jobs = Table(
    "jobs",
    metadata,
    Column("id", UUID, primary_key=True),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("workload", Text, nullable=False),
    Column("state", Text, nullable=False, comment="receiving, queued, running, completed or cancelled."),
    Column("priority", SmallInteger, nullable=False),
    Column("revision", BigInteger, nullable=False, server_default=text("1"), comment="Rises with every change."),
    Column("total", Integer, nullable=False, server_default=text("0")),
    Column("succeeded", Integer, nullable=False, server_default=text("0")),
    Column("dead", Integer, nullable=False, server_default=text("0")),
    Column("subject_id", UUID, comment="The unnamed subject: seals the items that name nobody."),
    Column("traceparent", Text),
    Column("created_by", Text, nullable=False, comment="Public part of the API key."),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("touched_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Index("jobs_tenant_id_created_at_idx", "tenant_id", text("created_at DESC"), text("id DESC")),
    Index("jobs_dead_idx", "workload", postgresql_where=text("dead > 0")),
    Index("jobs_active_idx", "tenant_id", postgresql_where=text("state IN ('receiving', 'queued', 'running')")),
    Index("jobs_receiving_idx", "touched_at", postgresql_where=text("state = 'receiving'")),
)

job_items = Table(
    "job_items",
    metadata,
    Column("job_id", UUID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("subject_id", UUID, ForeignKey("subjects.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("state", Text, nullable=False, server_default=text("'pending'"), comment="pending, succeeded or dead."),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("input", LargeBinary, nullable=False, comment="Sealed by the subject's key."),
    Column("output", LargeBinary, comment="Sealed by the subject's key: the answer, or why there is none."),
)

job_chunks = Table(
    "job_chunks",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("job_id", UUID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("workload", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("first", Integer, nullable=False, comment="First ordinal of the range."),
    Column("last", Integer, nullable=False, comment="Last ordinal of the range."),
    Column("state", Text, nullable=False, server_default=text("'waiting'"), comment="waiting or running."),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0"), comment="Counted when one begins."),
    Column(
        "suspect",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Was lost before: runs alone, if again.",
    ),
    Column(
        "token", BigInteger, nullable=False, server_default=text("0"), comment="Fencing token: rises at each claim."
    ),
    Column("lease_until", DateTime(timezone=True)),
    Column("available_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(
        "job_chunks_waiting_idx",
        "workload",
        "priority",
        "tenant_id",
        "created_at",
        "id",
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("job_chunks_running_idx", "lease_until", postgresql_where=text("state = 'running'")),
)
