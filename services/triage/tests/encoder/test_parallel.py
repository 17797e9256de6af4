"""Many texts on several cores."""

import numpy as np
import pytest

from triage.encoder.parallel import features_of

TEXTS = [f"message {i} " + "and so on " * (i % 9) for i in range(600)]


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_the_features_are_those_of_the_encoder_in_order(encoders, threads):
    reported = []
    features = features_of(encoders["int8"], TEXTS, threads, reported.append)
    assert np.abs(features - encoders["int8"].features(TEXTS)).max() < 1e-6
    assert sum(reported) == len(TEXTS)


def test_no_texts_have_no_features(encoders):
    assert features_of(encoders["int8"], []).shape == (0, 768)
