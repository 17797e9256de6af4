"""What a drill has shown, proof by proof, and the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drill.catalogue import FIGURES, PROOFS
from drill.options import Options
from drill.proof import Proof, Shown


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one proof."""

    proof: Proof
    seconds: float
    shown: Shown | None
    failure: str = ""
    """Why it did not come to its end, if it did not."""

    @property
    def against(self) -> list[str]:
        """What speaks against it, a line each."""
        if self.shown is None:
            return [f"The proof did not come to its end: {self.failure}"]
        return [f"Not so: {bar.name} ({bar.found})." for bar in self.shown.bars if not bar.held]


@dataclass(slots=True)
class Outcome:
    """All that a drill has shown so far."""

    options: Options
    results: list[Result] = field(default_factory=list)
    interrupted: str = ""
    """The proof in which somebody ended it."""

    @property
    def chosen(self) -> Sequence[Proof]:
        """The proofs that were asked for."""
        return [proof for proof in PROOFS if not self.options.only or proof.name in self.options.only]

    @property
    def figures(self) -> Mapping[str, float | None]:
        """The figures of the last line; None: nothing has shown it."""
        shown = [result.shown.figures for result in self.results if result.shown]
        return dict.fromkeys(FIGURES) | {name: value for figures in shown for name, value in figures.items()}

    @property
    def missing(self) -> list[str]:
        """Proofs that were asked for, and not run to their end; figures that were, and are not there."""
        ended = {result.proof.name for result in self.results if result.shown}
        proofs = [proof.name for proof in self.chosen if proof.name not in ended]
        wanted = FIGURES if not self.options.only else [name for proof in self.chosen for name in proof.figures]
        return proofs + [name for name in wanted if self.figures[name] is None]

    @property
    def passed(self) -> bool:
        """Whether all that was asked for was shown, and nothing speaks against it."""
        return not self.missing and not self.interrupted and not any(result.against for result in self.results)

    @property
    def seconds(self) -> float:
        """How long the proofs took."""
        return sum(result.seconds for result in self.results)
