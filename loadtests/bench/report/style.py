"""How pictures look."""

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from loadtests.bench.kind import Kind

QUIET = "#57606a"
INK = "#24292f"
_OTHER = "#8c959f"
_COLOURS = {
    "limit": QUIET,
    "slipway": "#0b62d6",
    "apparatus_off": "#8db9f2",
    "prototype": "#b8bfc6",
    "bentoml": "#d98c3f",
    "litserve": "#7a9d54",
    "ray": "#9d74b8",
    "mlserver": "#c8656b",
}
SMALL = 8.5
_PALE = 0.5


def colour(system: str, kind: Kind = Kind.DOCUMENTED) -> tuple[float, float, float, float]:
    """Return the colour of a system, the same in every picture; paler for what no documentation shows."""
    return to_rgba(_COLOURS.get(system, _OTHER), 1.0 if kind == Kind.DOCUMENTED else _PALE)


def picture(title: str, width: float, height: float) -> Figure:
    """Return an empty picture, in inches."""
    found = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    found.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    return found


def clean(axes: Axes, title: str) -> None:
    """Take away what says nothing."""
    axes.set_title(title, loc="left", fontsize=9.5, color=QUIET)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#d0d7de")
    axes.tick_params(which="both", length=0, labelsize=SMALL, colors=INK)
    axes.set_axisbelow(True)
    axes.grid(alpha=0.25)
