"""How far the quantised encoder is from the exact one, where it matters: on texts, and on what is answered."""

from collections.abc import Sequence

from triage.artifacts.manifest import Drift
from triage.encoder.architecture import WIDTH
from triage.encoder.parallel import features_of
from triage.encoder.session import Encoder
from triage.heads.linear import LinearHead

_TEXTS = 300


def measure_drift(exact: Encoder, quantised: Encoder, head: LinearHead, texts: Sequence[str]) -> Drift:
    """Compare two encoders on up to 300 texts: cosine of the embeddings, agreement of the head's labels."""
    sample = list(texts[:: max(1, len(texts) // _TEXTS)])[:_TEXTS]
    before, after = features_of(exact, sample), features_of(quantised, sample)
    cosine = (before * after)[:, :WIDTH].sum(axis=1)
    agree = [a == b for a, b in zip(head.decide(before)[0], head.decide(after)[0], strict=True)]
    return Drift(
        texts=len(sample),
        cosine_mean=float(cosine.mean()),
        cosine_worst=float(cosine.min()),
        label_agreement=sum(agree) / len(sample),
    )
