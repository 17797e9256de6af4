import json
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import TracerProvider

from slipway.clock import use_clock
from slipway.telemetry.logs import configure_logs, get_logger, log_context

Lines = Callable[[], list[dict[str, Any]]]

log = get_logger("slipway.test")


class Colour(StrEnum):
    RED = "red"


def test_a_line_says_when_what_who_and_where(lines: Lines) -> None:
    with use_clock(lambda: datetime(2026, 5, 4, 3, 2, 1, 987_654, tzinfo=UTC)):
        log.info("job_accepted", count=3)
    (line,) = lines()
    assert list(line)[:4] == ["timestamp", "level", "event", "role"]
    assert line == {
        "timestamp": "2026-05-04T03:02:01.987Z",
        "level": "info",
        "event": "job_accepted",
        "role": "api",
        "source": "slipway.test",
        "count": 3,
    }


def test_a_line_belongs_to_its_trace(lines: Lines) -> None:
    with TracerProvider(shutdown_on_exit=False).get_tracer("test").start_as_current_span("work") as span:
        log.info("inside")
    log.info("outside")
    inside, outside = lines()
    assert inside["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert inside["span_id"] == f"{span.get_span_context().span_id:016x}"
    assert "trace_id" not in outside


def test_context_adds_fields_to_every_line_of_a_block(lines: Lines) -> None:
    with log_context(tenant="t-1"):
        log.info("inside")
    log.info("outside")
    inside, outside = lines()
    assert inside["tenant"] == "t-1"
    assert "tenant" not in outside


def test_plain_values_are_rendered(lines: Lines) -> None:
    log.info(
        "values",
        job_id=UUID(int=7),
        task=Path("/var/x"),
        outcome=Colour.RED,
        attempt=True,
        count=float("nan"),
        reason="\ud800 two\nlines",
        route=None,
    )
    (line,) = lines()
    assert line["job_id"] == "00000000-0000-0000-0000-000000000007"
    assert (line["task"], line["outcome"], line["attempt"], line["route"]) == ("/var/x", "red", True, None)
    assert line["count"] == "nan"
    assert line["reason"] == "\ud800 two\nlines"


def test_long_values_are_cut(lines: Lines) -> None:
    log.info("values", reason="x" * 10_000)
    assert len(lines()[0]["reason"]) == 500


def test_lines_below_the_level_are_left_out(lines: Lines) -> None:
    log.debug("detail")
    log.warning("trouble")
    assert [line["event"] for line in lines()] == ["trouble"]


@pytest.mark.parametrize(
    ("event", "fields", "complaint"),
    [
        ("job_accepted", {"email": "jane@example.com"}, "'email' is not declared"),
        ("job_accepted", {"reason": {"name": "Jane"}}, "'reason' is a dict"),
        ("Job 7 of Jane was accepted", {}, "its name should be like"),
    ],
)
def test_in_development_what_is_not_declared_is_refused(lines: Lines, event: str, fields: dict, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        log.info(event, **fields)
    assert "jane@" not in str(caught.value)
    assert lines() == []


def test_in_production_what_is_not_declared_is_dropped(process_state: None, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("worker", "INFO", strict=False)
    log.info("Job of Jane", email="jane@example.com", reason=["Jane"], count=1)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["event"] == "event_without_name"
    assert line["count"] == 1
    assert line.keys() == {"timestamp", "level", "event", "role", "source", "count"}
