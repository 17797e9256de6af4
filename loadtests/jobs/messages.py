"""The sample's messages: short and long ones, as customers write them."""

import csv
from pathlib import Path

_DATA = Path("services/triage/data")


def read_messages(count: int) -> list[str]:
    """Return `count` messages; when the sample has been used up, it begins anew."""
    texts: list[str] = []
    for file in sorted(_DATA.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as stream:
            texts += [row["text"] for row in csv.DictReader(stream)]
    return [texts[number % len(texts)] for number in range(count)]
