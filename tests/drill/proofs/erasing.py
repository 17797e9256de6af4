"""Whoever is erased leaves nothing behind: see `privacy.erasing`."""

import asyncio
from collections import Counter

from drill.options import Sizes
from drill.places import running_stack
from drill.proof import Bar, Ground, Proof, Shown
from privacy.erasing import ENVIRONMENT, EXPORTED_EACH, PARTS, erase_and_hunt
from privacy.erasing import Proof as Hunt

_LONGEST_SECONDS = 300.0
_INPUTS = 2
"""About each person."""


def _run(ground: Ground) -> Shown:
    sizes, backup = ground.sizes, ground.folder / "backup"
    backup.mkdir()
    ground.tell("starting the stack")
    with running_stack(ground.folder, ENVIRONMENT) as stack:
        hunting = erase_and_hunt(
            stack, backup, subjects=sizes.subjects, erased=sizes.erased, seed=ground.seed, progress=ground.tell
        )
        return judge(asyncio.run(hunting))


def judge(hunt: Hunt) -> Shown:
    """Say what the hunt has shown."""
    return Shown(
        {"subjects": hunt.subjects, "erased_bytes_found": hunt.erased_bytes_found},
        [*_hunted(hunt), *_backups(hunt), *_others(hunt)],
        hunt.found_after,
        {
            "values left in the write-ahead log": hunt.left_in_wal,
            "seconds of the slowest erasure": round(hunt.slowest, 1),
            "values": dict(hunt.values),
            "found before": dict(hunt.found_before),
        },
    )


def _hunted(hunt: Hunt) -> list[Bar]:
    erased = hunt.erased
    every = Counter({"blind index": erased, "wrapped key": erased, "export": PARTS * -(-erased // EXPORTED_EACH)})
    every.update({"input": _INPUTS * erased, "output": _INPUTS * erased})
    there = hunt.values == hunt.found_before == every
    found = f"{hunt.found_before.total():,} of {every.total():,}"
    return [
        Bar("every value of the erased is found before", there, found),
        Bar("none is found after", hunt.erased_bytes_found == 0, f"{hunt.erased_bytes_found:,} found"),
        Bar("an erasure takes 5 minutes at most", hunt.slowest < _LONGEST_SECONDS, f"the slowest {hunt.slowest:.0f} s"),
    ]


def _backups(hunt: Hunt) -> list[Bar]:
    before, after = hunt.opened_before, hunt.opened_after
    return [
        Bar("a backup opens them before", before == hunt.erased, f"{before:,} of {hunt.erased:,}"),
        Bar("no backup opens them after, with every key alive", after == 0, f"{after:,} opened"),
    ]


def _others(hunt: Hunt) -> list[Bar]:
    rest = hunt.subjects - hunt.erased
    inputs = _INPUTS * rest
    return [
        Bar("all others are intact", hunt.intact == rest, f"{hunt.intact:,} of {rest:,}"),
        Bar(
            "jobs count what is left",
            hunt.counted == (inputs, inputs),
            "{:,} inputs, {:,} answers".format(*hunt.counted),
        ),
        Bar("the backup opens all others", hunt.survivors_opened == rest, f"{hunt.survivors_opened:,} of {rest:,}"),
    ]


def _seconds(sizes: Sizes) -> float:
    return 70.0 + sizes.subjects * 0.01 + sizes.erased * 0.06


ERASING = Proof(
    "erasing",
    "Of whoever is erased no byte is left in PostgreSQL's files, Redis, logs, evidence or artifacts, no older backup"
    " opens them, and everybody else is intact.",
    ("subjects", "erased_bytes_found"),
    _seconds,
    _run,
)
