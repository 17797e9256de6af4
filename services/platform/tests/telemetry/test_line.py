import json

import pytest

from slipway.telemetry.fields import FIELDS
from slipway.telemetry.logs import get_logger

DOCKERS_LIMIT = 16 * 1024

log = get_logger("slipway.test")


def deep(levels: int) -> None:
    if levels == 0:
        raise ValueError("at the bottom")
    deep(levels - 1)


def raised(levels: int) -> ValueError:
    try:
        deep(levels)
    except ValueError as error:
        return error
    raise AssertionError


def chain(length: int) -> ValueError:
    error = raised(40)
    if length:
        error.__cause__ = chain(length - 1)
    return error


@pytest.fixture
def long_module(monkeypatch):
    """Let every frame be of a module with a long name."""
    monkeypatch.setitem(globals(), "__name__", "a.module." + "with_a_long_name." * 8)


def test_an_exception_with_many_frames_stays_one_line(lines, long_module):
    log.error("broken", exc_info=ExceptionGroup("many", [chain(3) for _ in range(5)]), job_id="7")
    (line,) = lines()
    assert line["event"] == "broken"
    assert line["job_id"] == "7"
    assert line["exception"][0]["type"].endswith("ExceptionGroup")
    assert line["exception"][0]["frames"] == []


def test_a_long_chain_of_causes_is_shorter_than_docker_takes(lines, long_module):
    log.error("broken", exc_info=chain(7))
    (line,) = lines()
    assert len(line["exception"]) == 8
    assert all("deep" in cause["frames"][-1] for cause in line["exception"])
    assert 1_000 < len(json.dumps(line)) < DOCKERS_LIMIT


def test_a_short_exception_keeps_all_its_frames(lines):
    log.error("broken", exc_info=raised(12))
    (line,) = lines()
    assert len(line["exception"][0]["frames"]) == 14


def test_values_that_are_too_long_together_leave_what_happened(lines):
    free = FIELDS.keys() - {"timestamp", "level", "event", "role", "exception", "trace_id", "span_id", "source"}
    log.warning("long", **dict.fromkeys(free, "\N{GRINNING FACE}" * 500))
    (line,) = lines()
    assert line.keys() == {"timestamp", "level", "event", "role", "source"}
    assert line["event"] == "long"
