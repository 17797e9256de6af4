"""Everybody gets all that is held about them, and nothing else: see `privacy.exporting`."""

import asyncio

from drill.options import Sizes
from drill.places import running_stack
from drill.proof import Bar, Ground, Proof, Shown
from privacy.exporting import ENVIRONMENT, Recall, export_and_compare

_ROUNDS = 2
_MARKS = 3 * _ROUNDS + 1
"""About each person: three in each input, and one in the name."""


def _run(ground: Ground) -> Shown:
    people = ground.sizes.exported
    ground.tell("starting the stack")
    with running_stack(ground.folder, ENVIRONMENT) as stack:
        exporting = export_and_compare(stack, subjects=people, seed=ground.seed, rounds=_ROUNDS, progress=ground.tell)
        return judge(asyncio.run(exporting), people)


def judge(recall: Recall, people: int) -> Shown:
    """Say what the exports of so many people have shown."""
    foreign, readable = recall.foreign, [str(hit) for hit in recall.readable]
    return Shown(
        {"export_recall": recall.share, "foreign_found": len(foreign)},
        [
            Bar("exports hold every mark", recall.found == recall.planted, f"{recall.found:,} of {recall.planted:,}"),
            Bar("exports hold nobody else's marks", not foreign, f"{len(foreign):,} found"),
            Bar("nobody reads a package without its key", not readable, f"{len(readable):,} marks found"),
            Bar("everybody was exported", recall.subjects == people, f"{recall.subjects:,} of {people:,}"),
            Bar("each had marks to find", recall.planted == _MARKS * people, f"{recall.planted:,}"),
            Bar("answers are exported as well", recall.answers == _ROUNDS * people, f"{recall.answers:,}"),
        ],
        [*foreign, *readable],
        {"people": recall.subjects, "marks": recall.planted, "slowest seconds": round(recall.slowest, 1)},
    )


def _seconds(sizes: Sizes) -> float:
    return 10.0 + sizes.exported * 0.14


EXPORTING = Proof(
    "exporting",
    "Whoever asks gets all that is held about them, machine-readable and readable, encrypted to their key, and nothing"
    " that is about anybody else.",
    ("export_recall", "foreign_found"),
    _seconds,
    _run,
)
