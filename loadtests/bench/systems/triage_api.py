"""How Slipway's route is asked and understood, by whoever serves it."""

import json
from collections.abc import Sequence
from functools import partial

from loadtests.bench.systems.answers import count_in

JSON = {"Content-Type": "application/json"}
ROUTE = "/v1/triage"

answers = partial(count_in, field="results")
"""How many right-looking answers a body holds."""


def encode(texts: Sequence[str]) -> bytes:
    """Return the body that asks about texts."""
    return json.dumps({"inputs": [{"text": text} for text in texts]}).encode()
