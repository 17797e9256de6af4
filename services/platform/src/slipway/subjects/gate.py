"""Who is to be let alone, kept in memory for the path that writes nothing and reads nothing."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from slipway.database import Database
from slipway.keys.service import Keyring
from slipway.subjects import repository
from slipway.subjects.refusals import Refusal
from slipway.workload import Failure
from slipway.workload.privacy import subject_of

REFRESH_SECONDS = 1.0
"""Between two looks at the database, in the background."""
MOST_SECONDS = 3.0
"""What is known is used for as long. Beyond, whoever asks looks first."""

Sign = tuple[Any, ...]
"""Counts and sums of dates that change with a tenant's restrictions and objections."""


@dataclass(frozen=True, slots=True)
class _Barred:
    sign: Sign
    restricted: Mapping[bytes, bool]
    """By pseudonym: a restriction, otherwise an objection."""


class SubjectGate:
    """Knows of each tenant whom nothing may be processed about.

    A look asks which tenants have such persons at all; who they are is read when such a tenant calls, and again when
    something has changed. For all other tenants a request costs a comparison and a look into a dictionary.
    """

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._signs: dict[UUID, Sign] = {}
        self._barred: dict[UUID, _Barred] = {}
        self._known_until = 0.0
        self._looking = asyncio.Lock()

    async def follow(self) -> None:
        """Look which tenants have somebody to be let alone. Call it every `REFRESH_SECONDS`.

        Raises:
            Unavailable: PostgreSQL does not answer. What was known before holds until its time is over.
        """
        async with self._looking:
            await self._look()

    async def refusals(self, tenant: UUID, inputs: Sequence[BaseModel]) -> dict[int, Failure]:
        """Return, by position, why nothing may be made of some of these inputs.

        Raises:
            Unavailable: nobody can tell: PostgreSQL is away for seconds, or the tenant's keys cannot be had.
        """
        if time.monotonic() >= self._known_until:
            await self._look_unless_known()
        sign = self._signs.get(tenant)
        return {} if sign is None else await self._refused(tenant, await self._of(tenant, sign), inputs)

    async def _refused(self, tenant: UUID, barred: _Barred, inputs: Sequence[BaseModel]) -> dict[int, Failure]:
        keyset = await self._keyring.keyset(tenant)
        refused = {}
        for position, item in enumerate(inputs):
            name = subject_of(item)
            found = None if name is None else barred.restricted.get(keyset.hash(name))
            if found is not None:
                refused[position] = (Refusal.RESTRICTED if found else Refusal.OBJECTED).failure
        return refused

    async def _of(self, tenant: UUID, sign: Sign) -> _Barred:
        known = self._barred.get(tenant)
        if known is None or known.sign != sign:
            async with self._database.transaction(tenant) as connection:
                known = _Barred(sign, await repository.barred_pseudonyms(connection, tenant))
            self._barred[tenant] = known
        return known

    async def _look_unless_known(self) -> None:
        async with self._looking:
            if time.monotonic() >= self._known_until:
                await self._look()

    async def _look(self) -> None:
        began = time.monotonic()
        async with self._database.system_transaction() as connection:
            self._signs = await repository.signs_of_barred(connection)
        self._barred = {tenant: barred for tenant, barred in self._barred.items() if tenant in self._signs}
        self._known_until = began + MOST_SECONDS
