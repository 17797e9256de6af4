"""What a model answered about its own training data: what its answers in production are compared with."""

import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_TENTHS = 10


class Reference(BaseModel):
    """How the labels and the scores of a model were distributed in training. Keep it with the model, as JSON.

    Make it of answers about rows that the model was not fitted on (cross-fitted, or held out): a model is surer of what
    it has seen, so that all that is new would look like drift. Round the scores as the answers round them.
    """

    model_config = ConfigDict(frozen=True)

    labels: dict[str, int] = Field(description="Answers with each label.")
    bounds: tuple[float, ...] = Field(description="Scores at which the bins meet, ascending: the deciles.")
    scores: tuple[int, ...] = Field(description="Answers in each bin. A score that equals a bound is above it.")

    @model_validator(mode="after")
    def _bins_meet_at_the_bounds(self) -> Self:
        if len(self.scores) != len(self.bounds) + 1 or any(low >= high for low, high in pairwise(self.bounds)):
            raise ValueError("scores must have one bin more than there are bounds, and the bounds must ascend")
        return self

    @classmethod
    def of(cls, labels: Sequence[str], scores: Sequence[float]) -> Self:
        """Return the reference of at least two answers; `scores` from 0 to 1. Deciles that are equal share a bin."""
        bounds = tuple(sorted(set(statistics.quantiles(scores, n=_TENTHS, method="inclusive"))))
        counts = Counter(bisect_right(bounds, score) for score in scores)
        return cls(labels=Counter(labels), bounds=bounds, scores=tuple(counts[n] for n in range(len(bounds) + 1)))

    def bin_of(self, score: float) -> int:
        """Return the number of the bin of a score, from 0."""
        return bisect_right(self.bounds, score)
