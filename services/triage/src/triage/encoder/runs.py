"""Which texts share a run of the encoder."""

from collections.abc import Iterator, Sequence

MOST_TOKENS = 256
"""The most tokens of a run, padding included. It bounds memory; larger runs leave the caches, and are slower."""
MOST_PADDING = 12
"""The most tokens of a run that are padding. More cost more than the run of its own that spares them: by processor time
8 to 20 were alike, and of four messages at a time a bound of 12 spared a sixth."""


def runs(lengths: Sequence[int], most: int = MOST_TOKENS, padding: int = MOST_PADDING) -> Iterator[list[int]]:
    """Yield positions that share a run, texts of like length together; a longer text than `most` runs alone.

    Args:
        lengths: tokens of each text.
        most: the most tokens of a run, each text padded to the length of the longest.
        padding: the most of them that are padding.
    """
    run: list[int] = []
    real = 0
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        real += lengths[position]
        size = (len(run) + 1) * lengths[position]
        if run and (size > most or size - real > padding):
            yield run
            run, real = [], lengths[position]
        run.append(position)
    if run:
        yield run
