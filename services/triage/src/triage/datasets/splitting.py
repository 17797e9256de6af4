"""Sets rows aside, without tearing a group apart and without looking at anything but names."""

from collections import Counter, defaultdict

import numpy as np

from triage.datasets.table import Table
from triage.heads.folds import shuffled

_LEAST_LEFT = 2
"""Examples of a label that stay for training."""


def set_aside(table: Table, share: float) -> tuple[Table, Table]:
    """Return the rows for training, and about `share` of each label's rows for validation.

    Groups stay whole. A label with few examples, or whose examples are all in one group, may give none.
    """
    totals = Counter(table.main_labels)
    quota = {label: round(share * count) for label, count in totals.items()}
    of_group: dict[str, Counter[str]] = defaultdict(Counter)
    for group, label in zip(table.groups, table.main_labels, strict=True):
        of_group[group][label] += 1
    taken: Counter[str] = Counter()
    chosen: set[str] = set()
    for group in sorted(of_group, key=shuffled):
        counts = of_group[group]
        wanted = all(taken[label] < quota[label] for label in counts)
        if wanted and all(totals[label] - taken[label] - count >= _LEAST_LEFT for label, count in counts.items()):
            taken.update(counts)
            chosen.add(group)
    aside = np.array([group in chosen for group in table.groups])
    return table.select(~aside), table.select(aside)
