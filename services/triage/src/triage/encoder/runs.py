"""Which texts share a run of the encoder."""

from collections.abc import Iterator, Sequence

MOST_TOKENS = 256
"""The most tokens of a run, padding included. It bounds memory; larger runs leave the caches, and are slower."""


def runs(lengths: Sequence[int], most: int = MOST_TOKENS) -> Iterator[list[int]]:
    """Yield positions that share a run, texts of like length together; a longer text than `most` runs alone.

    Args:
        lengths: tokens of each text.
        most: the most tokens of a run, each text padded to the length of the longest.
    """
    run: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if run and (len(run) + 1) * lengths[position] > most:
            yield run
            run = []
        run.append(position)
    if run:
        yield run
