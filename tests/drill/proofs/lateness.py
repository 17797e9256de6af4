"""Nothing is kept for longer than was promised: see `privacy.lateproof`."""

import asyncio

from drill.options import Sizes
from drill.places import environment
from drill.proof import Bar, Ground, Proof, Shown
from privacy.lateproof import AHEAD, prove
from privacy.lateproof import Proof as Kept
from privacy.servers import migrated_server

_TENANTS = 3


def _run(ground: Ground) -> Shown:
    def tell(done: int) -> None:
        ground.tell(f"{AHEAD[done - 1]:g} days ahead", done / len(AHEAD))

    with environment({}), migrated_server(ground.folder, "aging") as (settings, superuser):
        ground.tell("planting rows of every age")
        jobs = ground.sizes.jobs
        return judge(asyncio.run(prove(settings, superuser, ground.seed, tenants=_TENANTS, jobs=jobs, progress=tell)))


def judge(kept: Kept) -> Shown:
    """Say what the runs have shown."""
    return Shown(
        {"late_rows": kept.late_rows},
        [
            Bar("no row is older than its limit and 24 hours", kept.late_rows == 0, f"{kept.late_rows:,} are"),
            Bar("no row goes too early, and none under a hold", kept.lost_rows == 0, f"{kept.lost_rows:,} did"),
            Bar("there was something to delete", kept.deleted > 0, f"{kept.deleted:,} rows deleted"),
        ],
        [f"{table}: {count:,} late rows" for table, count in kept.by_table.items() if count],
        {"deleted": kept.deleted, "days ahead": AHEAD},
    )


def _seconds(sizes: Sizes) -> float:
    return 3.0 + sizes.jobs * 0.01


LATENESS = Proof(
    "lateness",
    "With the clock shifted by up to 400 days, the retention leaves no row that is older than its limit and 24 hours,"
    " and takes none that is not.",
    ("late_rows",),
    _seconds,
    _run,
)
