"""A histogram that takes many observations at once."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from math import isnan

import prometheus_client as prometheus


class Distribution(prometheus.Histogram):
    """The library's histogram. A batch of observations takes each bucket's lock once, not once for each of them."""

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Observe a value; its bucket is found by bisection."""
        if exemplar or isnan(amount):
            super().observe(amount, exemplar)
            return
        self._sum.inc(amount)
        self._buckets[bisect_left(self._upper_bounds, amount)].inc(1)

    def observe_all(self, values: Sequence[float]) -> None:
        """Observe values; like the library, one that is no number is in no bucket."""
        self._sum.inc(sum(values))
        places = Counter(bisect_left(self._upper_bounds, value) for value in values if not isnan(value))
        for place, count in places.items():
            self._buckets[place].inc(count)
