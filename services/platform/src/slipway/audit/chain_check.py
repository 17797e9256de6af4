"""Checks a tenant's chain of seals against the entries that it covers, page by page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import DataError

from slipway.audit import repository
from slipway.audit.chain import FORMAT, GENESIS, digest, statement
from slipway.audit.repository import Seal
from slipway.database import Database
from slipway.keys.signer import signed_by

_SEALS_A_PAGE = 500
_ENTRIES_A_PAGE = 5_000
"""What is in memory at a time, but for a single transaction that wrote more."""

_BELOW_ALL = -(2**63)
"""So that a seal numbered 0 or less does not hide."""

UNREADABLE = "its log cannot be read, as there are values in it that nobody could have written"
UNREADABLE_ERRORS = (DataError, AttributeError, OverflowError, RecursionError, TypeError, ValueError)
"""What such values lead to: times that are none, NULL, JSON too deep to read, numbers of thousands of digits."""

Watch = Callable[[int], None]
"""Is told how many entries were checked since it was last told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check of a tenant's chain found. `broken` names the first seal that does not hold, and why."""

    seals: int
    entries: int
    broken: str | None
    sealed_at: datetime | None = None
    """When the newest seal that holds was made."""


@dataclass(slots=True)
class _Progress:
    """How far the check has come: the newest seal that holds."""

    sequence: int = 0
    upto: int = 0
    digest: bytes = GENESIS
    entries: int = 0
    sealed_at: datetime | None = None
    fault: str | None = None

    def past(self, seal: Seal) -> None:
        """Go on behind a seal that holds."""
        self.sequence, self.upto, self.digest = seal.sequence, seal.upto_xid, seal.digest
        self.entries, self.sealed_at = self.entries + seal.entries, seal.sealed_at

    def verdict(self, broken: str | None) -> Verdict:
        """Say what was found so far."""
        told = f"seal {self.sequence + 1}: {broken}" if broken else None
        return Verdict(self.sequence, self.entries, told, self.sealed_at)


class ChainCheck:
    """Checks chains, with the public keys that may have signed them, by their ids."""

    def __init__(
        self,
        database: Database,
        keys: Mapping[str, bytes],
        on_seal: Callable[[UUID, Seal], None] = lambda _, __: None,
        retired: Callable[[UUID, Seal], bool] = lambda _, __: False,
    ) -> None:
        """Wire it.

        Args:
            database: has the chains.
            keys: 32 bytes each.
            on_seal: is shown each seal that holds.
            retired: tells whether the key of a seal was not to be used for it any more.
        """
        self._database = database
        self._keys = keys
        self._on_seal = on_seal
        self._retired = retired

    async def verify(self, tenant: UUID, watch: Watch = lambda _: None) -> Verdict:
        """Check each seal against its signature, its predecessor and its entries, in short transactions."""
        at = _Progress()
        try:
            while await self._page(tenant, at, watch):
                continue
        except UNREADABLE_ERRORS:
            return at.verdict(UNREADABLE)
        return at.verdict(at.fault)

    async def _page(self, tenant: UUID, at: _Progress, watch: Watch) -> bool:
        """Check some seals; return whether there may be more to check."""
        async with self._database.transaction(tenant) as connection:
            seals = _page(await repository.seals_after(connection, at.sequence or _BELOW_ALL, _SEALS_A_PAGE))
            signed, fault = self._signed(tenant, seals, at.sequence)
            entries = await _entries(connection, at.upto, signed)
        at.fault = self._follow(tenant, at, signed, entries) or fault
        watch(len(entries))
        return bool(seals) and not at.fault

    def _signed(self, tenant: UUID, seals: Sequence[Seal], sequence: int) -> tuple[list[Seal], str | None]:
        """Return the seals up to the first that is out of turn or not ours, and what is wrong with that."""
        for place, seal in enumerate(seals):
            fault = _gap(seal, sequence + place + 1) or self._forgery(tenant, seal)
            if fault:
                return list(seals[:place]), fault
        return list(seals), None

    def _forgery(self, tenant: UUID, seal: Seal) -> str | None:
        public = self._keys.get(seal.key_id)
        unsigned = seal.format == 1 and (seal.checkpoint is not None or seal.checkpoint_digest is not None)
        known = 1 <= seal.format <= FORMAT and not unsigned
        if known and public and signed_by(public, statement(tenant, seal), seal.signature):
            gone = self._retired(tenant, seal)
            return f"it was signed with the key {seal.key_id} after that had been retired" if gone else None
        return "its signature is not ours: it was changed, or signed with another key"

    def _follow(self, tenant: UUID, at: _Progress, seals: Sequence[Seal], entries: Sequence[Row[Any]]) -> str | None:
        rest = iter(entries)
        ahead = next(rest, None)
        for seal in seals:
            covered = []
            while ahead is not None and ahead.xid < seal.upto_xid:
                covered.append(ahead)
                ahead = next(rest, None)
            fault = _change(seal, at.digest, covered)
            if fault:
                return fault
            at.past(seal)
            self._on_seal(tenant, seal)
        return None


def _page(seals: Sequence[Seal]) -> list[Seal]:
    """Return the first seal, and those after it as long as all cover no more entries than a page has."""
    total = 0

    def fits(seal: Seal) -> bool:
        nonlocal total
        total += seal.entries
        return total <= _ENTRIES_A_PAGE

    return list(takewhile(fits, seals)) or list(seals[:1])


async def _entries(connection: Any, start: int, seals: Sequence[Seal]) -> Sequence[Row[Any]]:
    """Return what the seals cover. Of entries that were slipped in, one is enough to know."""
    if not seals:
        return []
    most = sum(seal.entries for seal in seals) + 1
    return await repository.entries_between(connection, start, seals[-1].upto_xid, most)


def _gap(seal: Seal, number: int) -> str | None:
    return None if seal.sequence == number else f"it is missing; the next one there is {seal.sequence}"


def _change(seal: Seal, previous: bytes, entries: Sequence[Row[Any]]) -> str | None:
    if seal.entries != len(entries):
        return f"it covers {seal.entries} entries, of which {len(entries)} are there"
    changed = seal.digest != digest(previous, entries, seal.format)
    return "an entry that it covers was changed" if changed else None
