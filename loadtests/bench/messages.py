"""The messages: as people wrote them, short and long ones mixed, in an order that a seed decides."""

import csv
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

SAMPLE = tuple(Path("services/triage/data") / f"{part}.csv" for part in ("test", "validation", "train"))
_DIFFERENT, _DIFFERENT_BULKS = 4_096, 512


def read_texts(files: Sequence[Path]) -> list[str]:
    """Return the column `text` of CSV files.

    Raises:
        ValueError: a file has no such column, or there is no text in it.
    """
    texts: list[str] = []
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if "text" not in (rows.fieldnames or ()):
                raise ValueError(f"{path} has no column `text`: the first line names the columns.")
            texts += [row["text"] for row in rows if row["text"]]
    if not texts:
        raise ValueError(f"There is no text in {', '.join(map(str, files))}.")
    return texts


def requests(texts: Sequence[str], size: int, seed: int) -> Iterator[list[str]]:
    """Yield what one request after the other asks, thousands of different messages: the same ones for a seed."""
    stream = _endless(texts, random.Random(seed))  # noqa: S311  # a load is to be repeatable, not secret
    for _ in range(_DIFFERENT if size == 1 else _DIFFERENT_BULKS):
        yield list(islice(stream, size))


def _endless(texts: Sequence[str], draw: random.Random) -> Iterator[str]:
    while True:
        yield from draw.sample(texts, len(texts))
