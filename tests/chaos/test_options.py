import json
from dataclasses import asdict

import pytest

from chaos.options import Options, read_options


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seed", "-1"], "The seed is a whole number"),
        (["--seed", "x"], "invalid int value"),
        (["--workers", "1"], "--workers is 1: it must be from 2 to 16"),
        (["--duration", "5"], "--duration is 5: it must be from 30 to 7200"),
        (["--messages", "0"], "--messages is 0"),
        (["--duration", "60", "--outage", "40"], "over a third of 60 s"),
        (["--replay", "nothing.json"], "nothing.json is not a report of a run"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(arguments, said, capsys):
    with pytest.raises(SystemExit):
        read_options(arguments)

    assert said in capsys.readouterr().err


def test_an_option_wins_over_the_quick_choice():
    options = read_options(["--quick", "--seed", "3", "--workers", "6"])

    assert (options.seed, options.workers, options.quick) == (3, 6, True)
    assert options.duration <= 60


def test_a_report_is_replayed_with_its_own_options(tmp_path):
    options = Options(seed=5, duration=900, messages=20_000)
    (tmp_path / "report.json").write_text(json.dumps({"options": asdict(options)}))

    assert read_options(["--replay", str(tmp_path / "report.json"), "--seed", "9"]) == options


def test_a_run_lasts_as_long_as_its_messages_take_at_a_third_of_the_capacity():
    options = Options(seed=1, messages=100_000)

    assert options.lasting(300).duration == pytest.approx(100_000 / (0.3 * 300), rel=0.01)
    assert options.lasting(1e6).duration == 3 * options.outage
