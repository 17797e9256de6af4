"""How inputs are divided into batches."""

from collections.abc import Sequence


def cut(costs: Sequence[int], most: int, budget: int, parts: int = 1) -> list[list[int]]:
    """Cut positions into batches, the cheapest inputs first, so that inputs of like length share a batch.

    Args:
        costs: of the inputs, each at least 1.
        most: inputs of a batch.
        budget: of a batch: the number of its inputs times the cost of the dearest. One input alone may exceed it.
        parts: among how many lanes to divide: no batch spans more than about its share of the cost of all.
    """
    share = sum(costs) / parts
    batches: list[list[int]] = []
    current, passed = -1, 0
    for position in sorted(range(len(costs)), key=costs.__getitem__):
        cost = costs[position]
        part = int((passed + cost / 2) / share)  # in which the middle of the input lies
        passed += cost
        if part != current or len(batches[-1]) >= most or (len(batches[-1]) + 1) * cost > budget:
            batches.append([])
            current = part
        batches[-1].append(position)
    return batches


def padded(costs: Sequence[int], batches: Sequence[Sequence[int]]) -> int:
    """Return the cost of batches that `cut` made, padding included: of each, its size times its dearest input."""
    return sum(len(batch) * costs[batch[-1]] for batch in batches)
