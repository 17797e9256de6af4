"""Keys are rotated under load on the real stack, and the rotation is killed again and again: no request fails."""

import os
import sys
from collections.abc import Iterator

import pytest
from privacy.rotation import ENVIRONMENT, rotate_under_load

from slipway_cli.stack.local import LocalStack

PEOPLE, KILLS, SEED = 4_000, 3, 8


@pytest.fixture
def stack(tmp_path, monkeypatch) -> Iterator[LocalStack]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with LocalStack(tmp_path / "var", any_ports=True) as running:
        yield running
        running.hurry()


@pytest.mark.timeout(300)
async def test_no_request_fails_while_keys_are_rotated_and_the_rotation_is_killed(stack, tmp_path):
    trial = await rotate_under_load(stack, tmp_path, people=PEOPLE, kills=KILLS, seed=SEED)

    assert trial.failures == []
    assert trial.calls > 100
    assert trial.killed == KILLS
    assert trial.living == 1
    assert trial.ended >= 1
