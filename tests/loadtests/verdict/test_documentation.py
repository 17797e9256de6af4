"""docs/verdicts.md has every finding, figure and objective."""

import dataclasses
from pathlib import Path

import pytest
from loadtests.verdict.burst import BurstFigures
from loadtests.verdict.figures import Figures
from loadtests.verdict.finding import Kind
from loadtests.verdict.objectives import Objectives

PAGE = (Path(__file__).parents[3] / "docs" / "verdicts.md").read_text("utf-8")
FIGURES = {field.name for shape in (Figures, BurstFigures) for field in dataclasses.fields(shape)}


@pytest.mark.parametrize("name", sorted(FIGURES | set(Kind)))
def test_every_finding_and_figure_is_explained(name):
    assert any(f"`{name}`" in line for line in PAGE.splitlines() if line.startswith("| ")), name


@pytest.mark.parametrize("name", sorted(Objectives.model_fields))
def test_every_objective_has_its_reason_beside_its_default(name):
    lines = (Path(__file__).parents[3] / "loadtests" / "objectives.yaml").read_text("utf-8").splitlines()
    assert any(line.startswith(f"{name}: ") and "  # " in line for line in lines)
