"""Each proof's judgement: what holds, and that whatever does not is said."""

import json
from collections import Counter
from dataclasses import asdict, replace

import pytest
from drill.catalogue import FIGURES, PROOFS
from drill.proofs import crossings, erasing, exporting, lateness, leaks, rotation, tampering
from privacy import tricks
from privacy.crossings import Outcome
from privacy.erasing import Proof as Hunt
from privacy.exporting import Recall
from privacy.lateproof import Proof as Kept
from privacy.leaks import Leaks
from privacy.rotation import Trial
from privacy.scanning import Hit
from privacy.statements import READS, WRITES
from privacy.tampering import Tampered

_KINDS = [f"kind {number}" for number in range(len(READS) + len(WRITES))]
_ENDINGS = ("commit", "rollback", "error", "cancelled", "timeout")
_PLACES = ("logs", "spans", "metrics", "Redis", "webhooks", "errors", "answers", "listings", "files")
_VALUES = Counter({"blind index": 10, "wrapped key": 10, "input": 20, "output": 20, "export": 3})

CROSSED = Outcome(
    [], Counter(dict.fromkeys(_KINDS, 9)), Counter({"tenant": 100}), 90, 90, Counter(dict.fromkeys(_ENDINGS, 10))
)
TAMPERED = Tampered(90, 90, Counter(tricks.KINDS.keys()))
KEPT = Kept(deleted=500)
ROTATED = Trial(500, [], 3, 1, 2)
HUNTED = Hunt(
    100, 10, _VALUES, _VALUES, opened_before=10, intact=90, counted=(180, 180), slowest=9.0, survivors_opened=90
)
EXPORTED = Recall(subjects=10, planted=70, found=70, answers=20)
LEAKED = Leaks(
    [], Counter({("GET /", 200): 1, ("GET /", 404): 1, ("GET /", 503): 1}), Counter(dict.fromkeys(_PLACES, 5)), 2000, 99
)
GOOD = {
    "crossings": lambda **changed: crossings.judge(replace(CROSSED, **changed), len(_KINDS) * 9),
    "tampering": lambda **changed: tampering.judge(replace(TAMPERED, **changed), 90),
    "lateness": lambda **changed: lateness.judge(replace(KEPT, **changed)),
    "rotation": lambda **changed: rotation.judge(replace(ROTATED, **changed), 3),
    "exporting": lambda **changed: exporting.judge(replace(EXPORTED, **changed), 10),
    "erasing": lambda **changed: erasing.judge(replace(HUNTED, **changed)),
    "leaks": lambda **changed: leaks.judge(replace(LEAKED, **changed)),
}


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_what_is_as_it_should_be_holds_and_gives_the_figures(proof):
    shown = GOOD[proof.name]()

    assert [bar for bar in shown.bars if not bar.held] == []
    assert shown.figures.keys() == set(proof.figures) <= FIGURES.keys()
    assert list(shown.against) == []


@pytest.mark.parametrize(
    ("proof", "changed"),
    [
        ("crossings", {"crossings": ["As tenant 1: SELECT"]}),
        ("crossings", {"queries": Counter(_KINDS)}),
        ("crossings", {"queries": Counter({"one": 10_000})}),
        ("crossings", {"own": 1}),
        ("crossings", {"refused": 1}),
        ("crossings", {"inherited": Counter({"commit": 50})}),
        ("crossings", {"inherited": Counter(_ENDINGS)}),
        ("tampering", {"found": 89}),
        ("tampering", {"count": 10, "found": 10}),
        ("tampering", {"count": 0, "found": 0}),
        ("tampering", {"kinds": Counter({"cut_off": 90})}),
        ("lateness", {"late_rows": 1}),
        ("lateness", {"lost_rows": 1}),
        ("lateness", {"deleted": 0}),
        ("rotation", {"failures": ["POST /v1/jobs: 500"]}),
        ("rotation", {"calls": 9}),
        ("rotation", {"killed": 2}),
        ("rotation", {"living": 2}),
        ("rotation", {"ended": 0}),
        ("exporting", {"found": 69}),
        ("exporting", {"foreign": ["cnry1"]}),
        ("exporting", {"readable": [Hit("the package", "plain", 1, b"cnry")]}),
        ("exporting", {"subjects": 9}),
        ("exporting", {"planted": 0, "found": 0}),
        ("exporting", {"answers": 0}),
        ("erasing", {"erased_bytes_found": 1, "found_after": ["input in base/5/1234"]}),
        ("erasing", {"found_before": Counter({"input": 20})}),
        ("erasing", {"values": Counter(), "found_before": Counter()}),
        ("erasing", {"opened_before": 9}),
        ("erasing", {"opened_after": 1}),
        ("erasing", {"intact": 89}),
        ("erasing", {"counted": (180, 179)}),
        ("erasing", {"slowest": 301.0}),
        ("erasing", {"survivors_opened": 89}),
        ("leaks", {"hits": [Hit("Redis", "plain", 1, b"cnry")]}),
        ("leaks", {"marks": 10}),
        ("leaks", {"returned": 0}),
        ("leaks", {"searched": Counter({"files": 5})}),
        ("leaks", {"answers": Counter({("GET /", 200): 1, ("GET /", 404): 1})}),
        ("leaks", {"answers": LEAKED.answers | Counter({("GET /other", 200): 1})}),
        ("leaks", {"answers": LEAKED.answers | Counter({("GET /other", 404): 1})}),
    ],
)
def test_whatever_is_not_as_it_should_be_is_said(proof, changed):
    assert [bar.name for bar in GOOD[proof](**changed).bars if not bar.held]


@pytest.mark.parametrize("name", GOOD)
def test_what_a_proof_shows_can_be_written_down(name):
    shown = GOOD[name]()
    assert json.loads(json.dumps(asdict(shown), default=str))["figures"] == shown.figures
