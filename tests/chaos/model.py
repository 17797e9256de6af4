"""The answers that a model gives which nothing disturbs, for a sample of the messages."""

import random
from typing import Any

from unruly import MarkedDecision, fingerprint

from chaos.orders import texts
from chaos.records import Records
from chaos.stage import ROOT
from slipway.workload import Context
from triage.workload import Message, Triage


def expected_answers(seed: int, records: Records, count: int) -> dict[str, dict[str, Any]]:
    """Predict about `count` messages in this process; return the answers by fingerprint."""
    rng = random.Random(f"sample {seed}")
    accepted = records.accepted()
    if not accepted:
        return {}
    orders = rng.choices(accepted, [submission.total for submission in accepted], k=count)
    chosen = sorted({rng.choice(texts(seed, submission.order)) for submission in orders}, key=len)
    triage = Triage(Context(ROOT / "var" / "models", "triage"))
    triage.load()
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(chosen), triage.max_batch):
        batch = chosen[start : start + triage.max_batch]
        for text, decision in zip(batch, triage.predict([Message(text=text) for text in batch]), strict=True):
            name = fingerprint(text)
            found[name] = MarkedDecision(**decision.model_dump(), fingerprint=name).model_dump()
    return found
