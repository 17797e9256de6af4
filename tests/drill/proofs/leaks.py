"""Nothing leaks sideways: see `privacy.leaks`."""

from drill.options import Sizes
from drill.proof import Bar, Ground, Proof, Shown
from privacy.leaks import Leaks, find_leaks

_PLACES = 9
_MARKS, _RETURNED = 1_000, 50
_GOOD, _REFUSED, _FAILED = range(200, 300), range(400, 500), range(500, 600)
_CONFLICT = 409
"""As good as done: the same again would be."""


def _run(ground: Ground) -> Shown:
    ground.tell("sending marks to every route, and again in outages")
    return judge(find_leaks(ground.folder / "var", ground.seed))


def judge(leaks: Leaks) -> Shown:
    """Say what the search has shown."""
    heard = {operation for operation, status in leaks.answers if status in _GOOD or status == _CONFLICT}
    refused = {operation for operation, status in leaks.answers if status in _REFUSED}
    every = {operation for operation, _ in leaks.answers}
    failed = sum(count for (_, status), count in leaks.answers.items() if status in _FAILED)
    searched = {place: size for place, size in leaks.searched.items() if size}
    return Shown(
        {"leaked": len(leaks.hits)},
        [
            Bar("no mark is where it must not be", not leaks.hits, f"{len(leaks.hits)} found"),
            Bar("enough marks were sent", leaks.marks > _MARKS, f"{leaks.marks:,}"),
            Bar("marks pass through the stack", leaks.returned > _RETURNED, f"{leaks.returned:,} answers give them"),
            Bar("every place was searched", len(searched) == _PLACES, ", ".join(sorted(searched))),
            Bar("each route was heard", heard == every, _without(every - heard, len(every))),
            Bar("each route has refused something", refused == every, _without(every - refused, len(every))),
            Bar("some requests failed", failed > 0, f"{failed:,} answers of 5xx"),
        ],
        [str(hit) for hit in leaks.hits],
        {"marks": leaks.marks, "answers": leaks.answers.total(), "bytes searched": dict(leaks.searched)},
    )


def _without(missing: set[str], count: int) -> str:
    return f"{count} routes" + (f", but for {', '.join(sorted(missing))}" if missing else "")


def _seconds(_: Sizes) -> float:
    return 120.0


LEAKS = Proof(
    "leaks",
    "Personal values sent through every endpoint, failing ones and outages included, appear in no log, span, metric,"
    " Redis command, webhook, error, listing or file.",
    ("leaked",),
    _seconds,
    _run,
)
