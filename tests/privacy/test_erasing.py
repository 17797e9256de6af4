"""Whoever is erased leaves no byte behind in a running stack, and no backup opens them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from privacy.erasing import ENVIRONMENT, erase_and_hunt

from slipway_cli.stack.local import LocalStack

SUBJECTS, ERASED = 300, 40


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
async def test_who_is_erased_leaves_nothing_behind(stack, tmp_path):
    (tmp_path / "backup").mkdir()
    proof = await erase_and_hunt(stack, tmp_path / "backup", subjects=SUBJECTS, erased=ERASED, seed=8)

    kinds = {"blind index": ERASED, "wrapped key": ERASED, "input": 2 * ERASED, "output": 2 * ERASED, "export": 12}
    assert dict(proof.values) == kinds
    assert dict(proof.found_before) == kinds
    assert proof.found_after == []
    assert proof.erased_bytes_found == 0
    assert proof.opened_before == ERASED
    assert proof.opened_after == 0
    assert proof.intact == SUBJECTS - ERASED
    assert proof.survivors_opened == SUBJECTS - ERASED
    assert proof.counted == (2 * (SUBJECTS - ERASED), 2 * (SUBJECTS - ERASED))
    assert proof.slowest < 300
