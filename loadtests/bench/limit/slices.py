"""Messages in slices that are alike."""

import random
from collections.abc import Sequence


def slices(texts: Sequence[str], size: int, seed: int = 1) -> list[list[str]]:
    """Return all texts in slices of `size` or a few more; if there are fewer texts, one slice of all.

    Lengths are spread in each slice as they are in all, so that a slice of long messages cannot look like a slow one.
    The order within a slice is arbitrary, and the same for a seed.
    """
    by_length = sorted(texts, key=len)
    count = max(1, len(texts) // size)
    # Every slice gets one of each `count` neighbours, from a place that changes, so that none has the longer each time.
    found: list[list[str]] = [[] for _ in range(count)]
    for at, text in enumerate(by_length):
        lap, place = divmod(at, count)
        found[(place + lap) % count].append(text)
    order = random.Random(seed)  # noqa: S311  # an order is to be repeatable, not secret
    for each in found:
        order.shuffle(each)
    order.shuffle(found)
    return found
