"""Many texts at a time, on several cores: for training and evaluation. Serving has lanes of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from triage.arrays import Floats
from triage.encoder.cores import available_cores
from triage.encoder.session import Encoder

_TEXTS = 256
"""Texts that a thread takes at a time: enough of like length to share runs."""


def features_of(
    encoder: Encoder, texts: Sequence[str], threads: int = 0, advance: Callable[[int], None] | None = None
) -> Floats:
    """Return what `Encoder.features` does.

    Args:
        encoder: the encoder.
        texts: the texts.
        threads: threads to share them out to; 0: one for each core that this process may use.
        advance: told how many more texts are done, in the thread that calls.
    """
    if not texts:
        return encoder.features(texts)
    parts = [texts[start : start + _TEXTS] for start in range(0, len(texts), _TEXTS)]
    done = []
    with ThreadPoolExecutor(threads or available_cores(), thread_name_prefix="encoder") as pool:
        for part in pool.map(encoder.features, parts):
            done.append(part)
            if advance:
                advance(len(part))
    return np.concatenate(done)
