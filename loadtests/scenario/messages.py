"""Which messages a load consists of, and how many at once."""

import csv
import os
import random
from functools import cache
from pathlib import Path

SAMPLE = "services/triage/data/test.csv"
"""Made-up messages that the sample model never saw, with the mix of kinds and lengths that it was trained for: others
would look like drift. LOADTEST_MESSAGES names another file with a column `text`."""


def message(dice: random.Random) -> str:
    """Return one of the messages."""
    return dice.choice(_messages(Path(os.environ.get("LOADTEST_MESSAGES", SAMPLE))))


@cache
def _messages(file: Path) -> tuple[str, ...]:
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            found = tuple(row["text"] for row in csv.DictReader(opened))
    except (OSError, KeyError) as error:
        raise SystemExit(f"LOADTEST_MESSAGES={file} is no readable CSV file with a column `text`.") from error
    if not found:
        raise SystemExit(f"LOADTEST_MESSAGES={file} holds no messages.")
    return found


def batch_size(dice: random.Random) -> int:
    """Return how many messages one request has: four in five times a single one, else up to 32, small ones mostly."""
    return 1 if dice.random() < 0.8 else min(32, 2 + int(dice.expovariate(1 / 5)))  # noqa: PLR2004  # what the line above says


def job_size(dice: random.Random) -> int:
    """Return how many messages a job has: from 20 to 400, half of them under 70."""
    return min(400, 20 + int(dice.expovariate(1 / 70)))
