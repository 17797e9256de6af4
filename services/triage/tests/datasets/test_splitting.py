from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from triage.datasets.splitting import set_aside
from triage.datasets.table import Table


def table(labels, groups):
    texts = [f"text {row}" for row in range(len(labels))]
    return Table(Path("data.csv"), texts, {"label": labels}, groups, "")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1, max_size=80))
def test_no_group_is_torn_and_no_label_is_used_up(rows):
    labels, groups = [label for label, _ in rows], [f"{label}{group}" for label, group in rows]
    kept, aside = set_aside(table(labels, groups), 0.3)
    assert sorted(kept.texts + aside.texts) == sorted(table(labels, groups).texts)
    assert not set(kept.groups) & set(aside.groups)
    left = Counter(kept.main_labels)
    assert all(left[label] >= min(2, count) for label, count in Counter(labels).items())


def test_about_the_asked_share_of_each_label_is_set_aside():
    labels = ["often"] * 200 + ["seldom"] * 20
    _, aside = set_aside(table(labels, [str(row) for row in range(220)]), 0.15)
    assert Counter(aside.main_labels) == {"often": 30, "seldom": 3}
