"""Cuts texts into runs of bounded size."""

from collections.abc import Sequence


def cut(lengths: Sequence[int], padded_tokens: int, padding: int, *, by_length: bool) -> list[list[int]]:
    """Return the runs, each a list of positions in `lengths`; every position is in one run.

    A run holds as many neighbours as fit: its size is its count times its longest. Sorted by length, neighbours are
    alike and little is padded. The longest run comes first, so that lanes end at about the same time.

    Args:
        lengths: tokens of each text, 1 at least.
        padded_tokens: most tokens of a run, padding included. A longer text has a run to itself.
        padding: most of them that are padding.
        by_length: whether to sort, or to keep the order.
    """
    order = sorted(range(len(lengths)), key=lambda at: -lengths[at]) if by_length else list(range(len(lengths)))
    runs: list[list[int]] = []
    longest = real = 0
    for at in order:
        longest, real = max(longest, lengths[at]), real + lengths[at]
        size = longest * (len(runs[-1]) + 1) if runs else 0
        if not runs or size > padded_tokens or size - real > padding:
            runs.append([])
            longest = real = lengths[at]
        runs[-1].append(at)
    return runs
