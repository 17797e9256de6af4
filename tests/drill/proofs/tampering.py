"""Tampering with the audit log is found: see `privacy.tampering`."""

import asyncio
from itertools import count
from random import Random

from drill.options import Sizes
from drill.places import environment
from drill.proof import Bar, Ground, Proof, Shown
from privacy import tricks
from privacy.filling import fill
from privacy.servers import migrated_server
from privacy.tampering import Tampered, tamper
from psycopg import AsyncConnection

from slipway.settings import Settings

_TENANTS, _SEALS = 4, 12


def _run(ground: Ground) -> Shown:
    with environment({}), migrated_server(ground.folder, "tampered") as (settings, superuser):
        return judge(asyncio.run(_tamper(ground, settings, superuser)), ground.sizes.tamperings)


async def _tamper(ground: Ground, settings: Settings, url: str) -> Tampered:
    wanted, done = ground.sizes.tamperings, count(1)

    def step() -> None:
        number = next(done)
        ground.tell(f"{number:,} tamperings", number / wanted)

    ground.tell("filling the log")
    await fill(settings, Random(ground.seed), tenants=_TENANTS, seals=_SEALS)
    async with await AsyncConnection.connect(url, autocommit=True) as superuser:
        return await tamper(settings, superuser, wanted, ground.seed, step)


def judge(done: Tampered, wanted: int) -> Shown:
    """Say what so many tamperings have shown."""
    share = done.found / done.count if done.count else 0.0
    return Shown(
        {"tampering_found": share},
        [
            Bar("every tampering is found", done.found == done.count, f"{done.found:,} of {done.count:,}"),
            Bar("there were as many as wanted", done.count == wanted, f"{done.count:,} of {wanted:,}"),
            Bar("of every kind", len(done.kinds) == len(tricks.KINDS), f"{len(done.kinds)} of {len(tricks.KINDS)}"),
        ],
        done.missed,
        {"kinds": dict(done.kinds)},
    )


def _seconds(sizes: Sizes) -> float:
    return 10.0 + sizes.tamperings * 0.04


TAMPERING = Proof(
    "tampering",
    "Whoever edits, deletes, reorders or truncates what a checkpoint covers is found by `slipway audit verify`,"
    " a superuser with all files and the key included.",
    ("tampering_found",),
    _seconds,
    _run,
)
