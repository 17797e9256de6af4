"""The chart, read as files: these tests need neither helm nor a cluster."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from k8s.check.chart import CHART, values_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    """Return what values must be like."""
    return json.loads((CHART / "values.schema.json").read_text())


@pytest.fixture(scope="session")
def values() -> dict[str, Any]:
    """Return the defaults."""
    return yaml.safe_load((CHART / "values.yaml").read_text())


@pytest.fixture(scope="session")
def values_for(values):
    """Return a function: the values of a place, merged as Helm merges them."""

    def merged(place: str) -> dict[str, Any]:
        result = values
        for path in values_of(place):
            result = merge(result, yaml.safe_load(path.read_text()))
        return result

    return merged


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """Return the composed stack."""
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="session")
def sources() -> dict[str, str]:
    """Return the text of every file that decides what is rendered, by its name."""
    paths = [
        path
        for path in CHART.rglob("*")
        if path.suffix in {".yaml", ".tpl", ".sql", ".txt"} and "tests" not in path.relative_to(CHART).parts[:1]
    ]
    return {str(path.relative_to(CHART)): path.read_text() for path in paths}


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay values over others: maps are merged, anything else is replaced, null removes."""
    result = dict(below)
    for key, value in above.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result
