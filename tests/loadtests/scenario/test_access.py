"""How the load generator is let in."""

import pytest
from loadtests.scenario.access import Access


@pytest.mark.parametrize(
    ("content", "keys"), [("slw_key\n", ("slw_key",)), ("slw_one\n\nslw_two\n", ("slw_one", "slw_two"))]
)
def test_keys_come_from_a_file(tmp_path, content, keys):
    (tmp_path / "key").write_text(content)

    assert Access.read({"LOADTEST_KEY_FILE": str(tmp_path / "key")}) == Access(keys, None)


def test_a_key_comes_from_the_environment():
    assert Access.read({"LOADTEST_KEY": " slw_key "}).keys == ("slw_key",)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "No API key"),
        ({"LOADTEST_KEY": " "}, "No API key"),
        ({"LOADTEST_KEY_FILE": "/dev/null"}, "No API key"),
        ({"LOADTEST_KEY_FILE": "nowhere"}, "LOADTEST_KEY_FILE=nowhere cannot be read"),
        ({"LOADTEST_KEY": "x", "LOADTEST_CA_FILE": "nowhere"}, "LOADTEST_CA_FILE=nowhere is not there"),
    ],
)
def test_what_is_missing_is_named(environment, words):
    with pytest.raises(SystemExit, match=words):
        Access.read(environment)
