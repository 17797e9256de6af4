"""Keys are rotated under load, and no request fails: see `privacy.rotation`."""

import asyncio

from drill.options import Sizes
from drill.places import running_stack
from drill.proof import Bar, Ground, Proof, Shown
from privacy.rotation import ENVIRONMENT, Trial, rotate_under_load

from slipway_cli.stack.local import LocalStack

_CALLS = 100
_LONGEST_SECONDS = 1_800.0
"""A rotation that always ends before it is killed would be tried for ever."""


def _run(ground: Ground) -> Shown:
    ground.tell("starting the stack")
    with running_stack(ground.folder, ENVIRONMENT) as stack:
        ground.tell(f"rotating, and killing {ground.sizes.kills} times")
        return judge(asyncio.run(_rotate(ground, stack)), ground.sizes.kills)


async def _rotate(ground: Ground, stack: LocalStack) -> Trial:
    sizes = ground.sizes
    async with asyncio.timeout(_LONGEST_SECONDS):
        return await rotate_under_load(stack, ground.folder, people=sizes.rotated, kills=sizes.kills, seed=ground.seed)


def judge(trial: Trial, kills: int) -> Shown:
    """Say what a trial with so many kills has shown."""
    failed = len(trial.failures)
    return Shown(
        {"rotation_failed_requests": failed},
        [
            Bar("no request fails", failed == 0, f"{failed:,} of {trial.calls:,} failed"),
            Bar("requests were sent", trial.calls > _CALLS, f"{trial.calls:,}"),
            Bar("rotations were killed at work", trial.killed == kills, f"{trial.killed} of {kills}"),
            Bar("one version of the key is left", trial.living == 1, f"{trial.living} living, {trial.ended} destroyed"),
            Bar("old ones were destroyed", trial.ended > 0, f"{trial.ended} were"),
        ],
        trial.failures,
        {"calls": trial.calls, "killed": trial.killed, "versions destroyed": trial.ended},
    )


def _seconds(sizes: Sizes) -> float:
    return 15.0 + 3 * sizes.kills


ROTATION = Proof(
    "rotation",
    "A tenant's key is rotated under load, the rotation is killed again and again, and a worker with it: no request"
    " fails, survivors are wrapped anew, the old version is destroyed.",
    ("rotation_failed_requests",),
    _seconds,
    _run,
)
