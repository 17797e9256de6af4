"""Who comes when in a round."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def order(entries: Sequence[T], number: int) -> list[T]:
    """Return the order of a round, from 1: another one begins each time, and every second round goes backwards.

    A machine that gets slower in the course of a round is so for others each time. Neighbours stay neighbours, since
    those that are compared most are best measured minutes, not half an hour, apart.
    """
    start = (number - 1) % max(len(entries), 1)
    turned = [*entries[start:], *entries[:start]]
    return turned if number % 2 else turned[::-1]
