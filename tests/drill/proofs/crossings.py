"""No query crosses between tenants: see `privacy.crossings`."""

from drill.options import Sizes
from drill.places import environment
from drill.proof import Bar, Ground, Proof, Shown
from privacy.crossings import Outcome, cross
from privacy.servers import migrated_server
from privacy.statements import READS, WRITES

_SHARE = 20
"""One in so many queries at least finds own rows, and is refused."""
_ENDINGS = 5


def _run(ground: Ground) -> Shown:
    wanted = ground.sizes.queries

    def tell(done: int) -> None:
        ground.tell(f"{done:,} queries", done / wanted)

    with environment({}), migrated_server(ground.folder, "beside") as (settings, superuser):
        ground.tell("planting tenants")
        return judge(cross(settings, superuser, wanted, ground.seed, tell), wanted)


def judge(outcome: Outcome, wanted: int) -> Shown:
    """Say what so many queries have shown."""
    kinds, found = len(READS) + len(WRITES), outcome.crossings
    return Shown(
        {"tenant_crossings": len(found)},
        [
            Bar("nothing crosses between tenants", not found, f"{len(found)} crossings"),
            Bar("all queries were asked", outcome.total >= wanted, f"{outcome.total:,} of {wanted:,}"),
            Bar("of every kind", len(outcome.queries) == kinds, f"{len(outcome.queries)} of {kinds}"),
            Bar("they find own rows", outcome.own > wanted / _SHARE, f"{outcome.own:,} did"),
            Bar("they are refused where they should", outcome.refused > wanted / _SHARE, f"{outcome.refused:,} were"),
            _reused(outcome),
        ],
        found,
        {"queries": dict(outcome.queries), "transactions": dict(outcome.turns)},
    )


def _reused(outcome: Outcome) -> Bar:
    inherited, turns = outcome.inherited.total(), outcome.turns.total()
    held = len(outcome.inherited) == _ENDINGS and inherited > turns / 3
    found = f"{inherited:,} of {turns:,} transactions, after {', '.join(sorted(outcome.inherited))}"
    return Bar("on connections that others have used", held, found)


def _seconds(sizes: Sizes) -> float:
    return 8.0 + sizes.queries / 550


CROSSINGS = Proof(
    "crossings",
    "Generated SQL through the app's role, with the tenant unset, wrong, or after an error, a rollback or a cancelled"
    " request on the same connection, reaches nothing of another tenant's.",
    ("tenant_crossings",),
    _seconds,
    _run,
)
