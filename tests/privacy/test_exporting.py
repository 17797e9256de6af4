"""Each gets everything that is held about them, and nothing that is held about anybody else."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from privacy.exporting import ENVIRONMENT, export_and_compare

from slipway_cli.stack.local import LocalStack

SUBJECTS, ROUNDS = 40, 3


@pytest.fixture
def stack(tmp_path, monkeypatch) -> Iterator[LocalStack]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    workloads = str(Path(__file__).parents[1] / "workloads")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([workloads, *sys.path]))
    with LocalStack(tmp_path / "var", any_ports=True) as running:
        yield running
        running.hurry()


@pytest.mark.timeout(400)
async def test_of_everybody_each_mark_is_found_and_none_of_anybody_else(stack):
    before = stack.processes["worker"].pid

    def kill_once(step: str) -> None:
        if step == "exporting":
            asyncio.get_running_loop().call_later(2.0, stack.kill, "worker")

    recall = await export_and_compare(stack, subjects=SUBJECTS, seed=8, rounds=ROUNDS, progress=kill_once)

    assert stack.processes["worker"].pid != before
    assert recall.subjects == SUBJECTS
    assert recall.planted == SUBJECTS * (3 * ROUNDS + 1)
    assert recall.found == recall.planted
    assert recall.share == 1.0
    assert recall.foreign == []
    assert recall.readable == []
    assert recall.answers == SUBJECTS * ROUNDS
