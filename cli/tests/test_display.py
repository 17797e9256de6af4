from io import StringIO

from rich.console import Console

from slipway_cli.display import Display, duration
from slipway_cli.processes.identity import Identity
from slipway_cli.processes.watched import ProcessStatus, State

TABLE = [ProcessStatus("api", State.READY, Identity(4711, 0.0), 8000, 3, 0.0)]


def shown(*, terminal: bool) -> str:
    output = StringIO()
    with Display(Console(file=output, force_terminal=terminal, width=100)) as display:
        display.show(TABLE)
        display.step("Starting.")
        display.show(TABLE)
        display.say("Port 8000 is taken.")
    return output.getvalue()


def test_on_a_terminal_there_is_a_live_table():
    said = shown(terminal=True)
    assert "restarts" in said
    assert "4711" in said
    assert "Port 8000 is taken." in said


def test_elsewhere_each_change_is_one_plain_line():
    assert shown(terminal=False) == "api: ready (pid 4711)\nStarting.\nPort 8000 is taken.\n"


def test_a_time_is_told_in_units_of_its_size():
    assert [duration(seconds) for seconds in (3.2, 90, 7_500)] == ["3 s", "1 min", "2 h 5 min"]
