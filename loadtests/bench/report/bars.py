"""What is promised of a run, and how each figure is defined. All are ratios within one run on one machine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure of which nothing is promised."""

    key: str
    what: str

    def __str__(self) -> str:
        """Return what stands in the place of a bar."""
        return "no bar"


@dataclass(frozen=True, slots=True)
class Bar(Shown):
    """One promise."""

    value: float
    at_least: bool
    """Whether the figure must reach the value, or stay within it."""

    def met(self, figure: float) -> bool:
        """Return whether a figure keeps the promise."""
        return figure >= self.value if self.at_least else figure <= self.value

    def __str__(self) -> str:
        """Return it as it stands in a table."""
        return f"{'≥' if self.at_least else '≤'} {self.value:g}"


FIGURES: tuple[Shown, ...] = (
    Bar("bulk_vs_limit", "32 messages a request, 8 at a time ÷ the limit", 0.90, at_least=True),
    Bar("single_vs_limit", "1 message a request, 64 at a time ÷ the limit", 0.60, at_least=True),
    Bar("single_vs_best_peer", "1 message a request, 64 at a time ÷ the best other framework", 1.3, at_least=True),
    Bar("bulk_vs_best_peer", "32 messages a request, 8 at a time ÷ the best other framework", 1.0, at_least=True),
    Shown("single_vs_best_sorted_peer", "the same, 1 message a request ÷ the best that was given Slipway's batching"),
    Shown("bulk_vs_best_sorted_peer", "the same, 32 messages a request ÷ the best that was given Slipway's batching"),
    Bar("features_bulk", "all features on ÷ apparatus off, 32 messages a request, 8 at a time", 0.93, at_least=True),
    Bar("features_single", "all features on ÷ apparatus off, 1 message a request, 64 at a time", 0.75, at_least=True),
    Bar("p99_half", "p99 at half of saturation ÷ p99 when idle", 3.0, at_least=False),
    Bar("idle_vs_call", "one request at a time ÷ a call in-process, medians of their times", 2.0, at_least=False),
    Bar("limit_vs_fp32", "the limit ÷ the plain fp32 export in-process, both in bulk", 2.5, at_least=True),
    Bar("accuracy_lost", "points of accuracy from fp32 to int8 on held-out texts", 0.5, at_least=False),
)
"""As they are shown, in throughput (messages a second) where nothing else is said.

- The limit is the int8 graph in-process with the best setting that a search found: tokenising, graph and heads.
- Other frameworks are BentoML, LitServe, Ray Serve and MLServer, each in the best configuration that its documentation
  shows; the best of them is the one that Slipway is least ahead of. The bare FastAPI prototype is not one of them.
- Slipway's batching is texts sorted by length and cut into runs of few tokens; each framework's best configuration with
  it in `predict` is measured as well.
- Saturation is the closed loop of 64 single requests, measured anew in every turn; half of it is an open loop at half
  that rate; idle is the open loop at a tenth.
- Accuracy lost compares heads that learnt and serve in int8 with heads that learnt and serve in fp32.
"""

BARS = tuple(each for each in FIGURES if isinstance(each, Bar))
WITHOUT_BAR = (
    "The two figures without a bar compare with frameworks that were given Slipway's own way to run a batch (`sorted` "
    "in tables and pictures), which is not in their documentation: with it most of their time goes to the model, which "
    "all have in common, and the ratio shows what remains."
)
PAIRED = (
    "A ratio is formed of two slices that were measured within seconds, one after the other; the median of these pairs "
    "counts, half of them lie between the quartiles. *By CPU*: the other's processor seconds for a message divided by "
    "Slipway's, in the same pairs."
)
"""What is said below the figures."""

ENOUGH_TEXTS = 3_000
"""Held-out texts without which nothing is said of accuracy."""
