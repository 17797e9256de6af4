"""The proof of the retention, whole: rows of every age, a clock that is ahead, a count of what is still there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from privacy.lateness import late_by_table, plant, young_rows
from psycopg import AsyncConnection

from slipway.clock import use_clock
from slipway.database import Database
from slipway.database.engine import driver_url
from slipway.retention.service import AT_ONCE, Retention
from slipway.retention.stores import STORES, Store
from slipway.settings import Settings

AHEAD = (0.0, 1.0, 25.0, 40.0, 400.0)
"""Days that the clock is ahead, run after run."""


@dataclass
class Proof:
    """What the runs have left behind."""

    deleted: int = 0
    late_rows: int = 0
    """Older than limit and 24 hours, after any of the runs."""
    lost_rows: int = 0
    """Deleted within their limit, or in spite of a hold."""
    by_table: dict[str, int] = field(default_factory=dict)
    """The late ones."""


async def prove(
    settings: Settings,
    admin_url: str,
    seed: int,
    *,
    tenants: int = 2,
    jobs: int = 100,
    ahead: Sequence[float] = AHEAD,
    at_once: int = AT_ONCE,
    stores: Iterable[Store] = STORES,
    progress: Callable[[int], None] = lambda _: None,
) -> Proof:
    """Plant rows of every age, then run the retention as on days to come, and count after each run.

    Args:
        settings: those of a migrated database.
        admin_url: a superuser's way to the same server.
        seed: of the same one come the same ages.
        tenants: how many are planted.
        jobs: how many each of them has.
        ahead: the days, from now, of the runs, in ascending order.
        at_once: most rows of a transaction.
        stores: what is walked through.
        progress: is told how many runs are done.
    """
    proof = Proof()
    name = driver_url(settings.database_app_url).database
    url = f"{admin_url.rpartition('/')[0]}/{name}"
    database = Database(settings)
    try:
        async with await AsyncConnection.connect(url, autocommit=True) as superuser:
            await plant(superuser, seed, tenants=tenants, jobs=jobs)
            retention = Retention(database, settings, stores=stores, at_once=at_once)
            for done, days in enumerate(ahead, 1):
                await _run(proof, superuser, retention, settings, days)
                progress(done)
    finally:
        await database.close()
    return proof


async def _run(proof: Proof, superuser: AsyncConnection, retention: Retention, settings: Settings, days: float) -> None:
    later = datetime.now(UTC) + timedelta(days=days)
    before = await young_rows(superuser, settings, later)
    with use_clock(lambda: later):
        proof.deleted += sum(outcome.deleted for outcome in await retention.run())
    after = await young_rows(superuser, settings, later)
    proof.lost_rows += sum(before[table] - after[table] for table in before)
    for table, count in (await late_by_table(superuser, settings, later)).items():
        proof.late_rows += count
        proof.by_table[table] = proof.by_table.get(table, 0) + count
