"""The real graphs, and the plain one built for this session."""

from pathlib import Path

import pytest
from loadtests.bench.limit.graphs import Graphs

from triage.progress import Silent
from triage.training.sample import build

_MODELS = Path(__file__).parents[4] / "var" / "models"


@pytest.fixture(scope="session")
def graphs(tmp_path_factory):
    build(_MODELS, "int8", 0, Silent())
    return Graphs.of(_MODELS, tmp_path_factory.mktemp("plain"))
