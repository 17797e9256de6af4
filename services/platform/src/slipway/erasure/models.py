"""Table of the tombstones: who was erased, or is about to be, so that no restored backup brings them back."""

from sqlalchemy import UUID, BigInteger, Column, DateTime, ForeignKey, Integer, Table, func, text
from sqlalchemy.dialects.postgresql import JSONB

from slipway.database.base import metadata
from slipway.inventory.declaration import (
    OF_A_TENANT,
    DataClass,
    Form,
    OnErasure,
    OnExport,
    held,
    nothing_personal,
    stays_until,
)
from slipway.inventory.purposes import Purpose

_ERASED = held(
    DataClass.PERSONAL,
    Purpose.RIGHTS,
    Form.RANDOM,
    OnExport.EXPLAINED,
    OnErasure.KEPT,
    "An id that was drawn for somebody who was erased. Nothing is left that leads from it to them; a backup that is "
    "restored is cleared of them by it.",
)
_ERASURE = nothing_personal(Purpose.RIGHTS)

tombstones = Table(
    "tombstones",
    metadata,
    Column("tenant_id", UUID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, info=OF_A_TENANT),
    Column("subject_id", UUID, primary_key=True, info=_ERASED),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=_ERASURE),
    Column("line", BigInteger, comment="Number of its line in the evidence; null: it is about to be.", info=_ERASURE),
    Column(
        "first_version",
        Integer,
        comment="Of the tenant's key: the oldest that has wrapped the subject's key.",
        info=_ERASURE,
    ),
    Column(
        "key_version",
        Integer,
        comment="Of the tenant's key: the newest that has wrapped the subject's key.",
        info=_ERASURE,
    ),
    Column(
        "removed",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="Rows deleted so far, by table.",
        info=_ERASURE,
    ),
    Column("erased_at", DateTime(timezone=True), comment="Null: it is being done.", info=_ERASURE),
    Column(
        "told_at",
        DateTime(timezone=True),
        comment="Since when the receipt says from when backups are dead.",
        info=_ERASURE,
    ),
    info=stays_until("the tenant is deleted", "a backup may be restored that still has the person"),
)
