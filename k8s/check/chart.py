"""Where the chart is, and what it holds."""

from pathlib import Path

import yaml

CHART = Path(__file__).parents[1] / "charts" / "slipway"
PLACES = ("kind", "production", "aws", "gcp", "azure")
"""The values files for places: `values-PLACE.yaml`."""
CLOUDS = ("aws", "gcp", "azure")
"""Places whose files lie over `values-production.yaml`."""


def values_of(place: str) -> list[Path]:
    """Return the values files of a place, in the order that Helm takes them."""
    names = ["production", place] if place in CLOUDS else [place]
    return [CHART / f"values-{name}.yaml" for name in names]


def templates() -> list[Path]:
    """Return the templates that render objects: those whose names do not begin with an underscore."""
    return sorted(path for path in (CHART / "templates").rglob("*.yaml") if not path.name.startswith("_"))


def suites() -> list[Path]:
    """Return the suites of helm-unittest."""
    return sorted((CHART / "tests").rglob("*_test.yaml"))


def covered() -> set[str]:
    """Return the templates that a suite names, as paths from the chart's folder."""
    named: set[str] = set()
    for suite in suites():
        for part in filter(None, yaml.safe_load_all(suite.read_text())):
            for layer in (part, *part.get("tests", [])):
                named.update(layer.get("templates", []), filter(None, [layer.get("template")]))
    # helm-unittest takes names with and without the folder in front.
    return {name if name.startswith("templates/") else f"templates/{name}" for name in named}


def without_suite() -> list[str]:
    """Return the templates that no suite names."""
    return sorted({path.relative_to(CHART).as_posix() for path in templates()} - covered())
