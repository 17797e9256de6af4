"""Tables of the data subjects, and of the requests by which their rights are answered."""

from sqlalchemy import (
    UUID,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from slipway.database.base import metadata
from slipway.inventory.declaration import (
    OF_A_TENANT,
    DataClass,
    Form,
    OnErasure,
    OnExport,
    held,
    kept,
    nothing_personal,
    stays_until,
)
from slipway.inventory.purposes import Purpose

_ID = held(DataClass.PERSONAL, Purpose.PROTECTION, Form.RANDOM, OnExport.GIVEN, OnErasure.DELETED)
_PSEUDONYM = held(
    DataClass.PERSONAL,
    Purpose.PROTECTION,
    Form.HASHED,
    OnExport.EXPLAINED,
    OnErasure.DELETED,
    "A keyed hash by which the person is found under the name that the tenant uses. The name itself is not kept.",
)
_SINCE = held(DataClass.PERSONAL, Purpose.ANSWERING, Form.PLAIN, OnExport.GIVEN, OnErasure.DELETED)
_HOLD = held(
    DataClass.PERSONAL,
    Purpose.RIGHTS,
    Form.PLAIN,
    OnExport.EXPLAINED,
    OnErasure.DELETED,
    "A legal hold: until when, and a reference to the case. Nothing about the person is deleted before it ends.",
)
_STATE = held(
    DataClass.PERSONAL,
    Purpose.RIGHTS,
    Form.PLAIN,
    OnExport.GIVEN,
    OnErasure.DELETED,
    "That the person has had the processing restricted, or has objected to it, and since when.",
)
_REQUEST = held(
    DataClass.PERSONAL,
    Purpose.RIGHTS,
    Form.PLAIN,
    OnExport.GIVEN,
    OnErasure.KEPT,
    "That a right was asked for, and how it was answered. It stays after an erasure: it is the proof of it.",
)
_OF_REQUEST = held(
    DataClass.PERSONAL,
    Purpose.RIGHTS,
    Form.RANDOM,
    OnExport.GIVEN,
    OnErasure.KEPT,
    "An id that was drawn for the person. After an erasure nothing is left that leads from it to them.",
)
_LEASE = nothing_personal(Purpose.QUEUEING)
_ASKED_BY = nothing_personal(Purpose.ACCOUNTABILITY)
_UNFINISHED = "state IN ('received', 'held', 'running')"

subjects = Table(
    "subjects",
    metadata,
    Column("id", UUID, primary_key=True, server_default=text("gen_random_uuid()"), info=_ID),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    Column(
        "pseudonym",
        LargeBinary,
        comment="Keyed hash of the subject's name; null: the unnamed subject of one job.",
        info=_PSEUDONYM,
    ),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_SINCE),
    Column(
        "hold_until",
        DateTime(timezone=True),
        comment="Legal hold: until then nothing about them is deleted.",
        info=_HOLD,
    ),
    Column("hold_reason", Text, comment="Whom to ask about the hold: a reference, never a story.", info=_HOLD),
    Column(
        "restricted_at",
        DateTime(timezone=True),
        comment="Since then nothing about them is processed or shown, only stored; null: no restriction.",
        info=_STATE,
    ),
    Column(
        "objected_at",
        DateTime(timezone=True),
        comment="Since then nothing about them is processed; null: no objection.",
        info=_STATE,
    ),
    UniqueConstraint("tenant_id", "pseudonym"),
    Index(
        "subjects_blocked_idx",
        "tenant_id",
        "id",
        postgresql_where=text("restricted_at IS NOT NULL OR objected_at IS NOT NULL"),
    ),
    info=kept(
        "created_at",
        "a name that nothing is held about is of no use",
        days=1,
        condition="nothing else is held about the person, no legal hold is on them, and their processing is neither "
        "restricted nor objected to",
    ),
)

subject_requests = Table(
    "subject_requests",
    metadata,
    Column("id", UUID, primary_key=True, server_default=text("gen_random_uuid()"), info=_OF_REQUEST),
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, info=OF_A_TENANT),
    Column("kind", Text, nullable=False, comment="erasure or export.", info=_REQUEST),
    Column(
        "state",
        Text,
        nullable=False,
        server_default=text("'received'"),
        comment="received, held, running, done or failed.",
        info=_REQUEST,
    ),
    Column("subject_id", UUID, nullable=False, comment="Whom it is about. The subject may be gone.", info=_OF_REQUEST),
    Column("requested_by", Text, nullable=False, comment="Public part of the API key.", info=_ASKED_BY),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_REQUEST),
    Column("deadline", DateTime(timezone=True), nullable=False, comment="By then it has to be done.", info=_REQUEST),
    Column(
        "lease_until",
        DateTime(timezone=True),
        comment="Until then a worker is at it; of what is held: then it is looked at again.",
        info=_LEASE,
    ),
    Column(
        "token",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Fencing token: rises at each claim.",
        info=_LEASE,
    ),
    Column("attempts", Integer, nullable=False, server_default=text("0"), info=_LEASE),
    Column("finished_at", DateTime(timezone=True), info=_REQUEST),
    Column("receipt", JSONB, comment="What was done where. No name, no pseudonym.", info=_REQUEST),
    Column("receipt_signature", LargeBinary, comment="Ed25519, by the audit key.", info=_ASKED_BY),
    Column("key_id", Text, comment="Which key has signed the receipt.", info=_ASKED_BY),
    Index("subject_requests_subject_id_idx", "tenant_id", "subject_id", "created_at"),
    Index("subject_requests_open_idx", "kind", "created_at", postgresql_where=text(_UNFINISHED)),
    Index(
        "subject_requests_erasure_idx",
        "tenant_id",
        "subject_id",
        unique=True,
        postgresql_where=text(f"kind = 'erasure' AND {_UNFINISHED}"),
    ),
    info=stays_until("its tenant is deleted", "it proves that a right was answered, and when"),
)
