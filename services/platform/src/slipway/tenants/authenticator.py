"""Checks API keys. Remembers a check for a few seconds, so that a request costs no query."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass

from slipway import clock
from slipway.database import Database
from slipway.errors import Unauthenticated
from slipway.settings import Settings
from slipway.tenants import repository
from slipway.tenants.schemas import Principal, StoredKey
from slipway.tenants.token import Token, parse_token
from slipway.tenants.verified import VerifiedTokens

_REMEMBERED = 10_000
_ASKED_AT_ONCE = 1_000
_LEARNED = 1_000
"""Keys that are read at the start: more would hold it up."""
_HEADERS = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True, slots=True)
class _Remembered:
    key: StoredKey | None
    until: float


class Authenticator:
    """Turns a token into a principal."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._ttl = settings.key_cache_ttl
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._verified = VerifiedTokens()
        self._asked: dict[str, asyncio.Task[_Remembered]] = {}
        self._used: set[str] = set()

    async def authenticate(self, text: str) -> Principal:
        """Return who holds this token.

        Raises:
            Unauthenticated: it is malformed, unknown, expired or revoked; the answer does not tell which.
        """
        caller = self._verified.find(text) or await self._check(text)
        self._used.add(caller.key_id)
        return caller

    async def learn(self) -> None:
        """Read keys that are in force, so that the first request with one of them waits for no query.

        They are remembered for as long as any other key that was looked up. Call it once, before the first request.

        Raises:
            Unavailable: PostgreSQL does not answer.
        """
        until = time.monotonic() + self._ttl
        for key in await repository.keys_in_force(self._database, _LEARNED):
            self._remembered[key.id] = _Remembered(key, until)

    async def flush_last_used(self) -> None:
        """Write when keys were last used; call it every few seconds."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            async with self._database.system_transaction() as connection:
                await repository.touch_keys(connection, used, clock.now())
        except BaseException:
            self._used |= used
            raise

    async def _check(self, text: str) -> Principal:
        token = parse_token(text)
        known = await self._find(token) if token else None
        key = known.key if known else None
        if token is None or known is None or key is None or not token.matches(key.hash) or not _in_force(key):
            raise Unauthenticated("Send a valid key: `Authorization: Bearer slw_...`.", headers=_HEADERS)
        caller = Principal(key.tenant_id, key.id, key.scopes)
        self._verified.keep(text, caller, key.expires_at, known.until)
        return caller

    async def _find(self, token: Token) -> _Remembered:
        known = self._remembered.get(token.id)
        if known is not None and known.until > time.monotonic():
            return known
        if token.id not in self._asked:
            if len(self._asked) >= _ASKED_AT_ONCE:
                return await self._look_up(token.id)
            self._asked[token.id] = asyncio.create_task(self._look_up(token.id))
            self._asked[token.id].add_done_callback(lambda _: self._asked.pop(token.id))
        # One query answers all who ask at a time; whoever goes away does not take it from the others.
        return await asyncio.shield(self._asked[token.id])

    async def _look_up(self, key_id: str) -> _Remembered:
        until = time.monotonic() + self._ttl
        key = await repository.find_key(self._database, key_id)
        found = self._remembered[key_id] = _Remembered(key, until)
        self._remembered.move_to_end(key_id)
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return found


def _in_force(key: StoredKey) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > clock.now())
