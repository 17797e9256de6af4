"""What systems and cases are called where people read them."""

from loadtests.bench.cases import CASES, SINGLE, Case
from loadtests.bench.kind import Kind

NAMES = {
    "limit": "the limit (in-process)",
    "slipway": "Slipway, all features on",
    "apparatus_off": "Slipway, apparatus off",
    "prototype": "bare FastAPI",
    "bentoml": "BentoML",
    "litserve": "LitServe",
    "ray": "Ray Serve",
    "mlserver": "MLServer",
}


def name(system: str, kind: Kind = Kind.DOCUMENTED) -> str:
    """Return what a system is called in configurations of a kind."""
    return NAMES.get(system, system) + f", {kind}" * (kind != Kind.DOCUMENTED)


def title(case: Case) -> str:
    """Return what is asked in a case."""
    messages = "1 message a request" if case.group == SINGLE else f"{case.size} messages a request"
    return f"{messages}, {case.concurrency} at a time"


TITLES = {case.name: title(case) for case in CASES}
