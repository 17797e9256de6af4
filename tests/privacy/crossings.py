"""Generated SQL through the app role, on connections that others have used: does anything cross between tenants?

`cross(settings, admin_url, 100_000, seed)` runs it on a database of its own, beside the one of the settings.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, LiteralString, cast
from uuid import UUID, uuid4

import psycopg
from privacy.planting import Planted, owner_column, plant
from privacy.statements import TABLES, Forge, Query
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database import Database
from slipway.database.bootstrap import bootstrap
from slipway.database.engine import driver_of
from slipway.database.migrations import upgrade
from slipway.errors import Unavailable
from slipway.settings import Settings

TENANTS = 3
_AT_ONCE = 6
"""Queries of a transaction, at most."""
_LOOK_EVERY = 2_000
"""Queries between two looks at what everybody's rows are."""
_UNSET, _WRONG, _EMPTY, _NONSENSE = "unset", "wrong", "empty", "nonsense"
_NOBODY = {_EMPTY: "", _NONSENSE: "no-tenant"}
_BY_ENDING = {"commit": 4, "rollback": 3, "error": 2, "cancelled": 2, "timeout": 1}

Progress = Callable[[int], None]


@dataclass
class Outcome:
    """What a run did and found."""

    crossings: list[str] = field(default_factory=list)
    """Each: what was done, as whom, and what came of it. There must be none."""
    queries: Counter[str] = field(default_factory=Counter)
    """By kind."""
    turns: Counter[str] = field(default_factory=Counter)
    """Transactions, by whose they were and how the one before them on the connection had ended."""
    own: int = 0
    """Answers with own rows in them: the queries do read."""
    refused: int = 0
    """Queries that PostgreSQL refused."""
    inherited: Counter[str] = field(default_factory=Counter)
    """Transactions on a connection that another tenant had used right before, by how that had ended."""

    @property
    def total(self) -> int:
        """How many queries were run."""
        return self.queries.total()


@dataclass
class _Turn:
    """A transaction: as whom, of whom its queries are, and how it ends."""

    name: str
    tenant: Planted | None
    victim: Planted
    ending: str


class _ChangedMindError(Exception):
    """What a request fails with that rolls its transaction back."""


def cross(
    settings: Settings,
    admin_url: str,
    queries: int,
    seed: int,
    progress: Progress = lambda _: None,
    first: Sequence[LiteralString] = (),
    most: int = 100,
) -> Outcome:
    """Run so many queries of a seed, on a migrated database that is made for this and dropped.

    Args:
        settings: name the server and our roles, with their passwords.
        admin_url: a superuser's, on any database of the server.
        queries: how many.
        seed: what the queries are made from.
        progress: told the number of queries that were run.
        first: what a superuser does to the database at first; a hole made here must be found.
        most: crossings after which it ends.
    """
    with _own_database(settings, admin_url) as (ours, superuser):
        planted = plant(superuser, TENANTS)
        for statement in first:
            superuser.execute(statement)
        return asyncio.run(_Run(ours, superuser, planted, Random(seed)).run(queries, progress, most))


@contextmanager
def _own_database(settings: Settings, admin_url: str) -> Iterator[tuple[Settings, psycopg.Connection[Any]]]:
    name = f"crossings_{uuid4().hex}"
    changed = {
        field: SecretStr(make_url(url.get_secret_value()).set(database=name).render_as_string(hide_password=False))
        for field in ("database_owner_url", "database_app_url", "database_system_url")
        if (url := getattr(settings, field)) is not None
    }
    ours = settings.model_copy(update={**changed, "database_pool_size": 1})
    asyncio.run(bootstrap(admin_url, ours))
    try:
        upgrade(ours)
        url = make_url(admin_url).set(database=name).render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as superuser:
            yield ours, superuser
    finally:
        with psycopg.connect(admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class _Run:
    def __init__(
        self, settings: Settings, superuser: psycopg.Connection[Any], planted: Sequence[Planted], dice: Random
    ) -> None:
        self._database = Database(settings)
        self._superuser = superuser
        self._planted = planted
        self._dice = dice
        self._outcome = Outcome()
        self._before = ("", "start")
        """The last turn's tenant and ending."""
        self._backend = 0
        self._stained = False
        """A query has set something for the session: what is unset is no longer so by itself."""

    async def run(self, queries: int, progress: Progress, most: int) -> Outcome:
        world, looked = self._world(), 0
        try:
            while self._outcome.total < queries and len(self._outcome.crossings) < most:
                await self._turn()
                if self._outcome.total - looked >= _LOOK_EVERY:
                    looked = self._outcome.total
                    self._compare(world)
                    progress(min(looked, queries))
        finally:
            await self._database.close()
        self._compare(world)
        progress(min(self._outcome.total, queries))
        return self._outcome

    async def _turn(self) -> None:
        turn = self._next()
        self._outcome.turns[f"{turn.name} after {self._before[1]}"] += 1
        with suppress(_ChangedMindError, asyncio.CancelledError, psycopg.Error, DBAPIError, Unavailable):
            if turn.ending == "cancelled":
                await self._cancelled(turn)
            elif turn.tenant and self._dice.random() < 0.2:
                await self._at_once(turn, turn.tenant)
            else:
                await self._transaction(turn)
        if (task := asyncio.current_task()) and task.cancelling():  # it is the run itself that is to end
            raise asyncio.CancelledError
        self._before = (str(turn.tenant and turn.tenant.number), turn.ending)

    def _next(self) -> _Turn:
        tenant = self._dice.choice([*self._planted, None])
        victim = self._dice.choice([other for other in self._planted if other is not tenant])
        name = "tenant" if tenant else self._dice.choice((_UNSET, _UNSET, _WRONG, _EMPTY, _NONSENSE))
        return _Turn(name, tenant, victim, self._dice.choices([*_BY_ENDING], [*_BY_ENDING.values()])[0])

    async def _transaction(self, turn: _Turn) -> None:
        forge = Forge(self._dice, turn.victim)
        async with self._opened(turn) as connection:
            driver = await driver_of(connection)
            self._note_backend(driver, turn)
            query = None
            for _ in range(self._dice.randint(1, _AT_ONCE)):
                await self._ask(driver, forge.read(), turn)
            if self._dice.random() < 0.7:
                await self._ask(driver, query := forge.write(), turn)
            await self._end(connection, turn, query)

    @asynccontextmanager
    async def _opened(self, turn: _Turn) -> AsyncIterator[AsyncConnection]:
        if turn.tenant or turn.name == _WRONG:
            async with self._database.transaction(turn.tenant.id if turn.tenant else uuid4()) as connection:
                yield connection
            return
        async with self._database._app.connection() as connection, connection.begin():
            driver = await driver_of(connection)
            if self._stained:
                await driver.execute("RESET slipway.tenant")
            if turn.name in _NOBODY:
                await driver.execute("SELECT set_config('slipway.tenant', %s, true)", [_NOBODY[turn.name]])
            yield connection

    async def _end(self, connection: AsyncConnection, turn: _Turn, last: Query | None) -> None:
        if turn.ending == "timeout":
            await connection.exec_driver_sql("SET LOCAL statement_timeout = 1")
            await connection.exec_driver_sql("SELECT pg_sleep(1)")
        elif turn.ending == "error":
            await connection.exec_driver_sql("SELECT 1 / 0")
        elif turn.ending == "cancelled":
            await connection.exec_driver_sql("SELECT pg_sleep(1)")
        elif turn.ending == "rollback" or (last and last.writes):
            raise _ChangedMindError
        elif last and last.lasts:
            self._stained = True

    async def _cancelled(self, turn: _Turn) -> None:
        """Cancel it as a server does when a client goes away: in the midst of a statement, or anywhere."""
        task = asyncio.create_task(self._transaction(turn))
        await asyncio.wait([task], timeout=self._dice.choice((0.0, 0.001, 0.003, 0.02)))
        task.cancel()
        await task

    async def _at_once(self, turn: _Turn, tenant: Planted) -> None:
        """The way of one round trip, which has no transaction of its own that could be seen."""
        query = Forge(self._dice, turn.victim).read()
        if query.copies or "%" in query.sql or query.sql.startswith(("DO", "SET")):
            return
        self._outcome.queries[query.kind] += 1
        statement = cast("LiteralString", query.sql)
        try:
            rows = await self._database.run(tenant.id, statement, {})
        except (psycopg.Error, Unavailable) as error:
            self._judge_error(query, turn, error)
        else:
            self._judge(query, turn, rows, len(rows))

    async def _ask(self, driver: psycopg.AsyncConnection[Any], query: Query, turn: _Turn) -> None:
        self._outcome.queries[query.kind] += 1
        try:
            rows, changed = await _answer(driver, query, prepare=self._dice.random() < 0.5)
        except psycopg.Error as error:
            self._judge_error(query, turn, error)
            raise
        self._judge(query, turn, rows, changed)

    def _judge(self, query: Query, turn: _Turn, rows: list[Any], found: int) -> None:
        said = _bytes(rows)
        if turn.tenant and turn.tenant.id_tag.encode() in said:
            self._outcome.own += 1
        if foreign := self._foreign(query, turn, said):
            self._crossed(query, turn, f"it shows {foreign}")
        if query.empty and found:
            self._crossed(query, turn, f"it finds or changes {found} rows")
        if query.counts and rows[0][0] != self._expected(query.counts, turn):
            self._crossed(query, turn, f"it counts {rows[0][0]}")

    def _judge_error(self, query: Query, turn: _Turn, error: Exception) -> None:
        self._outcome.refused += 1
        diagnostic = error.diag if isinstance(error, psycopg.Error) else None
        details = [diagnostic.message_primary, diagnostic.message_detail, diagnostic.context] if diagnostic else []
        if foreign := self._foreign(query, turn, _bytes([*details, str(error)])):
            self._crossed(query, turn, f"its error shows {foreign}")
        if query.telling and getattr(error, "sqlstate", None) == query.telling:
            self._crossed(query, turn, "its error tells that the row is there")

    def _foreign(self, query: Query, turn: _Turn, said: bytes) -> str | None:
        for supplied in sorted(query.supplied, key=len, reverse=True):
            said = said.replace(supplied.encode(), b"")
        others = (other for other in self._planted if other is not turn.tenant)
        tags = (tag for other in others for tag in (other.id_tag, other.secret_tag))
        return next((tag for tag in tags if tag.encode() in said or tag.encode().hex().encode() in said), None)

    @staticmethod
    def _expected(table: str, turn: _Turn) -> int:
        return len(turn.tenant.rows[table]) if turn.tenant else 0

    def _crossed(self, query: Query, turn: _Turn, what: str) -> None:
        whose = f"tenant {turn.tenant.number}" if turn.tenant else f"a tenant that is {turn.name}"
        self._outcome.crossings.append(f"As {whose}, after {self._before}: {query.sql}: {what}")

    def _note_backend(self, driver: psycopg.AsyncConnection[Any], turn: _Turn) -> None:
        process = driver.info.backend_pid
        if process != self._backend:
            self._stained = False
        elif self._before[0] != str(turn.tenant and turn.tenant.number):
            self._outcome.inherited[self._before[1]] += 1
        self._backend = process

    def _world(self) -> dict[str, dict[UUID, list[Any]]]:
        """Return everybody's rows."""
        found: dict[str, dict[UUID, list[Any]]] = {}
        for table in TABLES:
            owner = sql.Identifier(owner_column(table))
            select = sql.SQL("SELECT {}, array_agg(t::text ORDER BY t::text) FROM {} t GROUP BY 1")
            found[table] = dict(self._superuser.execute(select.format(owner, sql.Identifier(table))).fetchall())
        return found

    def _compare(self, world: dict[str, dict[UUID, list[Any]]]) -> None:
        now = self._world()
        self._outcome.crossings += [f"Rows of {table} have changed." for table in TABLES if now[table] != world[table]]


async def _answer(driver: psycopg.AsyncConnection[Any], query: Query, *, prepare: bool) -> tuple[list[Any], int]:
    """Return the rows of the answer, and how many it found or changed."""
    statement = cast("LiteralString", query.sql)
    async with driver.cursor() as cursor:
        if query.copies:
            async with cursor.copy(statement) as copy:
                return [bytes(piece) async for piece in copy], 0
        await cursor.execute(statement, prepare=prepare and "%" not in query.sql)
        return (await cursor.fetchall() if cursor.description else []), cursor.rowcount


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    if isinstance(value, list | tuple):
        return b"\0".join(map(_bytes, value))
    return str(value).encode(errors="replace")
