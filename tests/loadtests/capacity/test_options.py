"""What a calibration is told."""

import pytest
from loadtests.capacity.options import parse


@pytest.fixture
def key(tmp_path):
    (tmp_path / "key").write_text("slw_one\nslw_two\n")
    return str(tmp_path / "key")


def test_keys_come_from_the_option_before_the_environment(key):
    options = parse(["--url", "http://here", "--key-file", key], {"LOADTEST_KEY_FILE": "elsewhere"})

    assert options.access.keys == ("slw_one", "slw_two")
    assert (options.scenario, options.p95_ms, options.seconds) == ("single", 500.0, 8.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--url"),
        (["--url", "x", "--first", "0"], "'0' is not a number over 0"),
        (["--url", "x", "--seconds", "soon"], "'soon' is not a number over 0"),
        (["--url", "x", "--scenario", "all"], "invalid choice: 'all'"),
    ],
)
def test_a_wrong_option_is_explained(arguments, words, capsys):
    with pytest.raises(SystemExit):
        parse(arguments, {"LOADTEST_KEY": "x"})

    assert words in capsys.readouterr().err


def test_without_a_key_it_says_where_to_put_one():
    with pytest.raises(SystemExit, match="LOADTEST_KEY_FILE"):
        parse(["--url", "x"], {})
