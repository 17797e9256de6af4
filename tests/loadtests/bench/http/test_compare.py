"""granian beside uvicorn, from the slices of a run."""

from loadtests.bench.http.__main__ import compare
from loadtests.bench.measurement import Measurement


def slice_of(system, turn, rate, cpu, case="single_c64"):
    latencies = (1.0, 1.0, 1.0)
    return Measurement(
        system, "as it is", case, f"granian/{case}", turn, 9, 9, 2.0, rate, rate, *latencies, 0, cpu, 0.1
    )


def test_each_pair_is_divided_by_its_own_turn(capsys):
    found = [slice_of("apparatus_off", turn, 100.0 * turn, 4.0) for turn in (1, 2, 3)]
    found += [slice_of("granian", turn, 110.0 * turn, 3.0) for turn in (1, 2, 3)]
    found.append(slice_of("granian", 4, 900.0, 1.0))

    told = compare(found, "single_c64")

    assert told["messages_per_s"]["median"] == 1.1
    assert told["cpu"] == {"median": 0.75, "quartiles": (0.75, 0.75), "ends": (0.75, 0.75), "pairs": 3}
    assert "single_c64, cpu: 0.750 of uvicorn's" in capsys.readouterr().err


def test_a_case_that_was_not_measured_has_no_ratio():
    assert compare([slice_of("granian", 1, 1.0, 1.0)], "bulk_c8") == {"messages_per_s": None, "cpu": None}
