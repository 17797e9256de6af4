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
from slipway.inventory.declaration import (
    OF_A_TENANT,
    DataClass,
    Form,
    OnErasure,
    OnExport,
    goes_with,
    held,
    kept,
    nothing_personal,
)
from slipway.inventory.purposes import Purpose

_WORK = nothing_personal(Purpose.QUEUEING)
_SHOWN = held(
    DataClass.NONE,
    Purpose.ANSWERING,
    export=OnExport.GIVEN,
    note="About the job as a whole; an export gives it with each item of the person's.",
)
_UNNAMED = held(
    DataClass.PERSONAL,
    Purpose.PROTECTION,
    Form.RANDOM,
    OnExport.EXPLAINED,
    OnErasure.KEPT,
    "An id that stands for all whom a job's inputs without a name are about. Nobody can tell them apart; it goes with "
    "the job.",
)
_CALLER = nothing_personal(Purpose.ACCOUNTABILITY)
_TRACE = nothing_personal(Purpose.OPERATING)
_ITEM = held(DataClass.PERSONAL, Purpose.ANSWERING, Form.PLAIN, OnExport.GIVEN, OnErasure.DELETED)
_ITEM_ID = held(DataClass.PERSONAL, Purpose.ANSWERING, Form.RANDOM, OnExport.GIVEN, OnErasure.DELETED)
_CONTENT = held(DataClass.PERSONAL, Purpose.ANSWERING, Form.SEALED, OnExport.GIVEN, OnErasure.DESTROYED)

jobs = Table(
    "jobs",
    metadata,
    Column("id", UUID, primary_key=True, info=_SHOWN),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    Column("workload", Text, nullable=False, info=_SHOWN),
    Column("state", Text, nullable=False, comment="receiving, queued, running, completed or cancelled.", info=_SHOWN),
    Column("priority", SmallInteger, nullable=False, info=_WORK),
    Column(
        "revision", BigInteger, nullable=False, server_default=text("1"), comment="Rises with every change.", info=_WORK
    ),
    Column("total", Integer, nullable=False, server_default=text("0"), info=_WORK),
    Column("succeeded", Integer, nullable=False, server_default=text("0"), info=_WORK),
    Column("dead", Integer, nullable=False, server_default=text("0"), info=_WORK),
    Column("subject_id", UUID, comment="The unnamed subject: seals the items that name nobody.", info=_UNNAMED),
    Column("traceparent", Text, info=_TRACE),
    Column("created_by", Text, nullable=False, comment="Public part of the API key.", info=_CALLER),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_SHOWN),
    Column("touched_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_WORK),
    Column("started_at", DateTime(timezone=True), info=_WORK),
    Column("finished_at", DateTime(timezone=True), info=_SHOWN),
    Index("jobs_tenant_id_created_at_idx", "tenant_id", text("created_at DESC"), text("id DESC")),
    Index("jobs_dead_idx", "workload", postgresql_where=text("dead > 0")),
    Index("jobs_active_idx", "tenant_id", postgresql_where=text("state IN ('receiving', 'queued', 'running')")),
    Index("jobs_receiving_idx", "touched_at", postgresql_where=text("state = 'receiving'")),
    info=kept(
        "finished_at", "the tenant has to fetch the results, and may want to look again", setting="job_retention_days"
    ),
)

job_items = Table(
    "job_items",
    metadata,
    Column("job_id", UUID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, info=_ITEM_ID),
    Column("ordinal", Integer, primary_key=True, autoincrement=False, info=_ITEM),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    Column("subject_id", UUID, ForeignKey("subjects.id", ondelete="CASCADE"), nullable=False, info=_ITEM_ID),
    Column(
        "state",
        Text,
        nullable=False,
        server_default=text("'pending'"),
        comment="pending, succeeded or dead.",
        info=_ITEM,
    ),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0"), info=_ITEM),
    Column("input", LargeBinary, nullable=False, comment="Sealed by the subject's key.", info=_CONTENT),
    Column(
        "output", LargeBinary, comment="Sealed by the subject's key: the answer, or why there is none.", info=_CONTENT
    ),
    Index("job_items_subject_id_job_id_ordinal_idx", "subject_id", "job_id", "ordinal"),
    info=goes_with("jobs"),
)

job_chunks = Table(
    "job_chunks",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True, info=_WORK),
    Column("job_id", UUID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True, info=_WORK),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    Column("workload", Text, nullable=False, info=_WORK),
    Column("priority", SmallInteger, nullable=False, info=_WORK),
    Column("first", Integer, nullable=False, comment="First ordinal of the range.", info=_WORK),
    Column("last", Integer, nullable=False, comment="Last ordinal of the range.", info=_WORK),
    Column("state", Text, nullable=False, server_default=text("'waiting'"), comment="waiting or running.", info=_WORK),
    Column(
        "attempts",
        SmallInteger,
        nullable=False,
        server_default=text("0"),
        comment="Counted when one begins.",
        info=_WORK,
    ),
    Column(
        "suspect",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Was lost before: runs alone, if again.",
        info=_WORK,
    ),
    Column(
        "token",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Fencing token: rises at each claim.",
        info=_WORK,
    ),
    Column("lease_until", DateTime(timezone=True), info=_WORK),
    Column("available_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_WORK),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_WORK),
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
    info=goes_with("jobs", "a part is no longer needed when its inputs are answered"),
)
