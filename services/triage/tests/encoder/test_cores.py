"""The cores that a process may use, in a container with a quota and without."""

import os

import pytest

from triage.encoder.cores import available_cores

V1 = "cpu/cpu.cfs_{}_us"


@pytest.fixture
def cgroups(tmp_path, monkeypatch):
    """A function that says what the control group's files hold, on a machine with eight cores; returns their folder."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    def hold(**files: str):
        for name, content in files.items():
            path = tmp_path / ("cpu.max" if name == "both" else V1.format(name))
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{content}\n")
        return tmp_path

    return hold


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"both": "max 100000"}, 8),
        ({"both": "400000 100000"}, 4),
        ({"both": "150000 100000"}, 1),
        ({"both": "25000 100000"}, 1),
        ({"both": "100000 50000"}, 2),
        ({"both": "1600000 100000"}, 8),
        ({"quota": "-1", "period": "100000"}, 8),
        ({"quota": "300000", "period": "100000"}, 3),
        ({"quota": "50000", "period": "100000"}, 1),
        ({"quota": "50000"}, 8),
    ],
)
def test_a_quota_is_heeded_and_no_more_than_the_cores_are_used(cgroups, files, cores):
    assert available_cores(cgroups(**files)) == cores


def test_on_this_machine_there_is_one_at_least():
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
