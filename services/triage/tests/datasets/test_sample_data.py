"""What the data card promises of the checked-in messages."""

import csv
import re
from collections import Counter
from hashlib import sha256

import numpy as np
import pytest

from triage.datasets.sample import DATA

SPLITS = ("train", "validation", "test")
CATEGORIES = {
    "account_access", "billing", "delivery", "privacy", "product", "returns", "subscription", "technical"
}  # fmt: skip


@pytest.fixture(scope="module")
def splits():
    rows = {}
    for split in SPLITS:
        with (DATA / f"{split}.csv").open(encoding="utf-8", newline="") as file:
            rows[split] = list(csv.DictReader(file))
    return rows


@pytest.fixture(scope="module")
def rows(splits):
    return [row for split in SPLITS for row in splits[split]]


def test_sizes(splits, rows):
    in_scope = [row for row in rows if row["category"] != "out_of_scope"]
    assert len(in_scope) >= 1_600
    assert len(rows) - len(in_scope) >= 150
    assert {row["category"] for row in in_scope} == CATEGORIES
    outside = sum(row["category"] == "out_of_scope" for row in splits["test"])
    assert outside >= 60
    assert len(splits["test"]) - outside >= 350


def test_the_data_card_counts_right(splits, rows):
    card = (DATA / "README.md").read_text()
    assert f"{len(rows):,} labelled messages" in card
    for split in SPLITS:
        outside = sum(row["category"] == "out_of_scope" for row in splits[split])
        themes = len({row["theme"] for row in splits[split]})
        counts = (len(splits[split]), len(splits[split]) - outside, outside, themes)
        assert f"| `{split}.csv` | " + " | ".join(f"{count:,}" for count in counts) + " |" in card


def test_values(rows):
    assert {row["priority"] for row in rows} == {"low", "normal", "high"}
    assert {row["region"] for row in rows} == {"", "eu", "uk", "us", "apac", "latam"}
    assert {row["plan"] for row in rows} == {"", "free", "plus", "business"}
    assert {row["channel"] for row in rows} == {"", "email", "chat", "form", "phone", "social"}


def test_no_message_twice(rows):
    assert len({row["text"].casefold().strip() for row in rows}) == len(rows)


def test_not_written_from_templates(rows):
    found = Counter()
    for row in rows:
        words = re.findall(r"\w+", row["text"].lower())
        found.update({tuple(words[start : start + 5]) for start in range(len(words) - 4)})
    assert found.most_common(1)[0][1] <= len(rows) / 100


def test_each_theme_is_in_the_split_that_its_name_chooses(splits, rows):
    """The rule of the data card: by category, in the order of a digest of the themes' names."""
    expected = {}
    for category in CATEGORIES | {"out_of_scope"}:
        themes = {row["theme"] for row in rows if row["category"] == category}
        order = sorted(themes, key=lambda theme: sha256(f"slipway:{theme}".encode()).hexdigest())
        test, validation = round(0.23 * len(order)), round(0.17 * len(order))
        for rank, theme in enumerate(order):
            assert theme not in expected
            expected[theme] = "test" if rank < test else "validation" if rank < test + validation else "train"
    assert {row["theme"]: split for split in SPLITS for row in splits[split]} == expected


def test_no_held_out_message_is_nearly_in_training(splits, encoders):
    encoded = {split: encoders["int8"].encode([row["text"] for row in splits[split]]) for split in SPLITS}
    for split in ("validation", "test"):
        assert np.max(encoded[split] @ encoded["train"].T) <= 0.95
