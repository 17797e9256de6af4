"""Folds for cross-fitting, in which a group is never torn apart."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from triage.arrays import Integers


def assign_folds(labels: Sequence[str], groups: Sequence[str], folds: int) -> Integers:
    """Return the fold of each row: groups stay whole, and labels are spread evenly.

    The groups of a label are dealt out one by one, in an order that depends on nothing but their names. Where all
    rows of a label are in one group, each row counts as a group, or the label could not be learnt while it is held out.
    """
    groups = _divided(labels, groups)
    of_group: dict[str, Counter[str]] = defaultdict(Counter)
    for label, group in zip(labels, groups, strict=True):
        of_group[group][label] += 1
    main = {group: counts.most_common(1)[0][0] for group, counts in of_group.items()}
    dealt: Counter[str] = Counter()
    fold: dict[str, int] = {}
    for group in sorted(main, key=shuffled):
        fold[group] = dealt[main[group]] % folds
        dealt[main[group]] += 1
    return np.array([fold[group] for group in groups], dtype=np.int64)


def _divided(labels: Sequence[str], groups: Sequence[str]) -> list[str]:
    of_label: dict[str, set[str]] = defaultdict(set)
    for label, group in zip(labels, groups, strict=True):
        of_label[label].add(group)
    return [
        group if len(of_label[label]) > 1 else f"{group}#{row}"
        for row, (label, group) in enumerate(zip(labels, groups, strict=True))
    ]


def shuffled(name: str) -> str:
    """Return a sort key that puts names in an arbitrary order, the same everywhere."""
    return hashlib.sha256(f"slipway:{name}".encode()).hexdigest()
