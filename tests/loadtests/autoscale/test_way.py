"""The keys of a run: enough for the load, in a file that is gone afterwards."""

from pathlib import Path

import pytest
from loadtests.autoscale.options import read_options
from loadtests.autoscale.way import KEYS, Way, keys_for, opened, provide


@pytest.fixture
def options():
    return read_options([], {})


def test_a_load_gets_as_many_keys_as_it_needs(fake, release, api, options, tmp_path):
    fake.has(deployments=[api], secrets=[])
    with opened(options, release, tmp_path) as way:
        assert len(way.keys) == KEYS
        provide(release, way, 100.0)
        assert len(way.keys) == KEYS
        provide(release, way, 3_000.0)
        # By default a key may send 100 requests a second.
        assert len(set(way.keys)) == len(way.keys) == keys_for(3_000.0) > 30
        assert way.key_file.stat().st_mode & 0o077 == 0
    assert not (tmp_path / "keys").exists()


def test_keys_that_were_given_are_not_added_to(fake, release, tmp_path, capsys):
    (tmp_path / "mine").write_text("slw_mine\n")
    provide(release, Way("https://here", Path(tmp_path / "mine"), None), 500.0)

    assert (tmp_path / "mine").read_text() == "slw_mine\n"
    assert "6 may be missing" in capsys.readouterr().out
    assert not fake.calls()
