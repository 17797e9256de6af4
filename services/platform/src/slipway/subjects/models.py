"""Table of the data subjects."""

from sqlalchemy import UUID, Column, DateTime, ForeignKey, LargeBinary, Table, Text, UniqueConstraint, func, text

from slipway.database.base import metadata
from slipway.inventory.declaration import OF_A_TENANT, DataClass, Form, OnErasure, OnExport, held, kept
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
    UniqueConstraint("tenant_id", "pseudonym"),
    info=kept(
        "created_at",
        "a name that nothing is held about is of no use",
        days=1,
        condition="nothing else is held about the person, and no legal hold is on them",
    ),
)
