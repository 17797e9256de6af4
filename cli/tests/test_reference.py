from pathlib import Path

from slipway_cli.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def test_every_command_is_documented():
    assert PAGE.read_text() == reference(), "run `make docs`"
