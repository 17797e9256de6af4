"""The messages, in one arbitrary order that is the same everywhere."""

import csv
import random
from pathlib import Path

_SAMPLE = [Path(f"services/triage/data/{split}.csv") for split in ("test", "validation", "train")]


def read_texts(data: Path | None, seed: int = 1) -> list[str]:
    """Return the column `text` of a file, or of the sample's files, shuffled: a realistic mix of lengths.

    Raises:
        SystemExit: a file is missing, or has no such column.
    """
    texts: list[str] = []
    for path in [data] if data else _SAMPLE:
        try:
            with path.open(encoding="utf-8", newline="") as file:
                texts += [row["text"] for row in csv.DictReader(file)]
        except (OSError, KeyError) as error:
            raise SystemExit(f"{path} cannot be used ({error!r}). Give a CSV file with a column `text`.") from error
    random.Random(seed).shuffle(texts)  # noqa: S311  # an order is to be repeatable, not secret
    return texts
