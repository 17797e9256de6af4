"""What a bench is told."""

from pathlib import Path

import pytest
from loadtests.bench.options import parse

MODELS = ["--models", "."]


def test_a_full_run_has_all_systems_and_three_rounds():
    options = parse(MODELS)

    assert (options.rounds, options.seconds, options.systems, options.curve) == (3, 6.0, (), True)
    assert options.cases == ("single_c1", "single_c8", "single_c64", "bulk_c1", "bulk_c8")
    assert options.out.parent == Path("var/bench")


def test_a_quick_try_is_short_and_what_is_said_beside_it_holds():
    options = parse([*MODELS, "--quick", "--rounds", "2"])

    assert (options.rounds, options.seconds) == (2, 3.0)
    assert options.systems == ("limit", "slipway", "apparatus_off", "prototype")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seconds", "soon"], "'soon' is not a number from 1 to 600"),
        (["--rounds", "0"], "'0' is not a whole number from 1 to 50"),
        (["--cases", "bulk_c9"], "invalid choice: 'bulk_c9'"),
        (["--data", "nowhere.csv"], "nowhere.csv is not here"),
    ],
)
def test_a_wrong_option_is_explained(arguments, words, capsys):
    with pytest.raises(SystemExit):
        parse([*MODELS, *arguments])

    assert words in capsys.readouterr().err
