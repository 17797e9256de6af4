"""The receipt of an erasure: what was done where, from when backups are dead as well, and our signature."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from slipway import clock
from slipway.erasure.schemas import Person
from slipway.inventory.declaration import DataClass, Held, OnErasure
from slipway.inventory.places import PLACES
from slipway.inventory.tables import held_columns
from slipway.keys.signer import AuditSigner, signed_by
from slipway.subjects.schemas import Receipt

FORM = "slipway.receipt/1"
"""What the signed bytes begin with, before a space and the canonical JSON of the receipt."""

_ABOUT = (DataClass.PERSONAL, DataClass.SPECIAL)
_GONE = (OnErasure.DELETED, OnErasure.DESTROYED)
_DELETED = "deleted"
_DESTROYED = "deleted, and its key destroyed"
_KEPT = "kept"
_NOTHING = "It holds nothing about a person."
_KEYS = "It holds keys of tenants or of the installation, and none of a person's."


@dataclass(frozen=True, slots=True)
class Backups:
    """From when nothing opens in a backup what was erased."""

    key_version: int | None
    """Of the tenant's key: the newest that has wrapped the person's."""
    dead_from: datetime | None
    """None and certain: the key provider cannot destroy that version, and whoever keeps the backups has to delete them.
    None and not certain: no key of the tenant was ever backed up, which the destruction waits for."""
    certain: bool
    """It has happened, or the provider has promised the date; otherwise it is the plan: with a daily backup of keys."""

    def told(self) -> dict[str, Any]:
        """Return it as it is in a receipt."""
        dead_from = self.dead_from.isoformat() if self.dead_from else None
        return {"tenant_key_version": self.key_version, "dead_from": dead_from, "certain": self.certain}


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure has come to."""

    request: UUID
    person: Person
    begun_at: datetime
    erased_at: datetime
    line: int
    removed: Mapping[str, int]
    backups: Backups


def write(erased: Erased, signer: AuditSigner) -> Receipt:
    """Return the signed receipt. It names nobody: the ids in it were drawn, and lead nowhere any more."""
    body = {
        "form": FORM,
        "request": str(erased.request),
        "tenant": str(erased.person.tenant),
        "subject": str(erased.person.id),
        "begun_at": erased.begun_at.isoformat(),
        "erased_at": erased.erased_at.isoformat(),
        "stores": list(_stores(erased.removed)),
        "key_destroyed_at": erased.erased_at.isoformat(),
        "backups": erased.backups.told(),
        "tombstone": erased.line,
    }
    return sign(body, signer)


def sign(body: Mapping[str, Any], signer: AuditSigner) -> Receipt:
    """Return a receipt with the time of its issue, whose key it is, and a signature over all of it."""
    issued = {**body, "issued_at": clock.now().isoformat(), "public_key": signer.public_key.hex()}
    return Receipt(issued, signer.sign(statement(issued)), signer.key_id)


def holds(receipt: Receipt, public_key: bytes) -> bool:
    """Tell whether the key with this public half signed exactly this receipt."""
    return signed_by(public_key, statement(receipt.body), receipt.signature)


def statement(body: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed: sorted keys, no spaces, and nothing but ASCII."""
    return f"{FORM} {json.dumps(body, sort_keys=True, separators=(',', ':'))}".encode()


def _stores(removed: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Yield each store of the inventory that holds something about a person, and those that must not."""
    for table, columns in _tables().items():
        ways = {held.on_erasure for held in columns}
        if ways.intersection(_GONE):
            done = _DESTROYED if OnErasure.DESTROYED in ways else _DELETED
            yield {"store": table, "done": done, "rows": removed.get(table, 0)}
        yield from (
            {"store": table, "done": _KEPT, "why": why}
            for why in dict.fromkeys(held.note for held in columns if _stays(held))
        )
    yield {"store": "Redis", "done": "nothing", "why": _NOTHING}
    for place in PLACES:
        yield {"store": place.name, **_of_place(place.held)}


def _of_place(held: Held) -> dict[str, str]:
    if held.data_class in _ABOUT:
        return {"done": _KEPT if _stays(held) else _DELETED, "why": held.note}
    if held.data_class is DataClass.SECRET:
        return {"done": _KEPT, "why": held.note or _KEYS}
    return {"done": "nothing", "why": _NOTHING}


def _tables() -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = {}
    for column in held_columns():
        if column.held.data_class in _ABOUT or column.held.on_erasure in _GONE:
            found.setdefault(column.table, []).append(column.held)
    return found


def _stays(held: Held) -> bool:
    return held.on_erasure is OnErasure.KEPT
