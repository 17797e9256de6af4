"""What the README shows works."""

import re
from pathlib import Path

import pytest

from slipway.serving.predictor import Predictor
from slipway.settings import Settings
from slipway.telemetry.metrics import Metrics
from slipway.workload.loader import find_workload

README = (Path(__file__).parents[1] / "README.md").read_text()


@pytest.fixture
def assistant(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "assistant.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    (path,) = re.findall(r"SLIPWAY_WORKLOAD=(\S+)", README)
    return find_workload(Settings(_env_file=None, workload=path))


async def test_the_model_of_the_readme_is_served(assistant):
    predictor = Predictor(assistant, Metrics())
    await predictor.load()
    (answer,) = await predictor.predict([assistant.Input(text="How do I start?")])
    predictor.close()
    assert answer == assistant.Output(text="...")


def test_every_file_that_the_readme_points_to_is_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (Path(__file__).parents[1] / target).exists(), target
