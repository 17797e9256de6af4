"""What a bench is told."""

from pathlib import Path

import pytest
from loadtests.bench.options import parse

MODELS = ["--models", "."]


def test_a_full_run_has_all_systems_and_most_pairs_where_it_is_judged():
    options = parse(MODELS)

    assert (options.pairs, options.some, options.few) == (12, 8, 3)
    assert (options.seconds, options.systems, options.curve) == (2.0, (), True)
    assert options.cases == ("single_c1", "single_c8", "single_c64", "bulk_c1", "bulk_c8")
    assert options.out.parent == Path("var/bench")


def test_a_quick_try_is_short_and_what_is_said_beside_it_holds():
    options = parse([*MODELS, "--quick", "--pairs", "2"])

    assert (options.pairs, options.some, options.few, options.seconds) == (2, 1, 1, 1.5)
    assert options.systems == ("limit", "apparatus_off", "prototype")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seconds", "soon"], "'soon' is not a number from 1 to 600"),
        (["--pairs", "0"], "'0' is not a whole number from 1 to 100"),
        (["--cases", "bulk_c9"], "invalid choice: 'bulk_c9'"),
        (["--data", "nowhere.csv"], "nowhere.csv is not here"),
    ],
)
def test_a_wrong_option_is_explained(arguments, words, capsys):
    with pytest.raises(SystemExit):
        parse([*MODELS, *arguments])

    assert words in capsys.readouterr().err
