"""A personal value in an exception, or in a library's message, never reaches the log."""

import asyncio
import email.message
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import create_engine, text

from slipway.errors import InvalidInput
from slipway.telemetry.logs import get_logger

Lines = Callable[[], list[dict[str, Any]]]

PERSON = "Jane Q Example"
log = get_logger("slipway.test")


class Form(BaseModel):
    age: int


def _pydantic() -> None:
    Form.model_validate({"age": PERSON})


def _statement() -> None:
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT * FROM absent WHERE name = :name"), {"name": PERSON})


def _key_error() -> None:
    {}[PERSON]


def _problem() -> None:
    raise InvalidInput(f"{PERSON} is no category", extra={"errors": [PERSON]})


def _chain() -> None:
    local = PERSON
    try:
        _key_error()
    except KeyError as error:
        raise RuntimeError(local) from error


def _group() -> None:
    raise ExceptionGroup(PERSON, [ValueError(PERSON), OSError(13, PERSON, PERSON)])


def _noted() -> None:
    error = ValueError(PERSON)
    error.add_note(PERSON)
    raise error


@pytest.fixture(params=[_pydantic, _statement, _key_error, _problem, _chain, _group, _noted])
def failing(request: pytest.FixtureRequest) -> Callable[[], None]:
    return request.param


def test_our_logger_describes_an_exception_without_values(lines: Lines, failing: Callable[[], None]) -> None:
    try:
        failing()
    except Exception:
        log.exception("work_failed")
    (line,) = lines()
    assert "Jane" not in json.dumps(line)
    outermost = line["exception"][0]
    assert outermost["type"]
    assert any(failing.__name__ in frame for frame in outermost["frames"])


def test_a_library_logger_describes_an_exception_without_values(lines: Lines, failing: Callable[[], None]) -> None:
    try:
        failing()
    except Exception:
        logging.getLogger("celery.worker").exception("Task of %s failed: %r after %d tries", PERSON, [PERSON], 3)
    (line,) = lines()
    assert "Jane" not in json.dumps(line)
    assert line["library_message"] == "Task of … failed: '…' after 3 tries"
    assert line["exception"][0]["frames"]


async def test_exceptions_that_asyncio_reports_are_described_without_values(lines: Lines) -> None:
    asyncio.get_running_loop().call_soon(int, PERSON)
    await asyncio.sleep(0.01)
    (line,) = lines()
    assert line["source"] == "asyncio"
    assert line["exception"][0]["type"] == "ValueError"
    assert "Jane" not in json.dumps(line)


def test_exceptions_that_nobody_catches_are_described_without_values() -> None:
    script = """
import threading
from slipway.telemetry.logs import configure_logs
configure_logs("cli", "INFO", strict=True)
class Broken:
    def __del__(self):
        int("Jane")
Broken()
thread = threading.Thread(target=int, args=("Jane",))
thread.start()
thread.join()
int("Jane")
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, text=True)
    events = [json.loads(line)["event"] for line in ended.stdout.splitlines()]
    assert events == ["exception_in_finaliser", "thread_crashed", "process_crashed"]
    assert "Jane" not in ended.stdout + ended.stderr
    assert ended.returncode == 1


def test_causes_codes_and_members_are_told(lines: Lines) -> None:
    for failing in (_chain, _group, _problem):
        try:
            failing()
        except Exception:
            log.exception("work_failed")
    chain, group, problem = (line["exception"] for line in lines())
    assert [cause["type"] for cause in chain] == ["RuntimeError", "KeyError"]
    assert [member[0]["type"] for member in group[0]["members"]] == ["ValueError", "PermissionError"]
    assert group[0]["members"][1][0]["code"] == 13
    assert problem[0]["problem"] == "invalid-input"


def test_libraries_that_are_not_known_to_log_templates_are_not_quoted(lines: Lines) -> None:
    logging.getLogger("some.library").error("Failed for %s", PERSON)
    logging.getLogger("celery.redirected").error(PERSON)
    for line in lines():
        assert line["event"] == "library_logged"
        assert line["place"].startswith("test_log_privacy:")
        assert "library_message" not in line
        assert "Jane" not in json.dumps(line)


@pytest.mark.parametrize(
    ("logger", "source"),
    [
        (PERSON, "unnamed"),
        (f"asyncio.{PERSON}", "asyncio"),
        (f"{email.message.__name__}.{PERSON}.x", "email.message"),
        ("py.warnings", "py.warnings"),
        ("uvicorn.error", "uvicorn.error"),
    ],
)
def test_a_logger_s_name_is_told_as_far_as_it_is_no_value(lines: Lines, logger: str, source: str) -> None:
    logging.getLogger(logger).warning("Something")
    (line,) = lines()
    assert line["source"] == source


def test_only_the_first_line_of_a_library_s_message_is_quoted(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").error("Exception in application\n%s", PERSON)
    logging.getLogger("uvicorn.error").error({"name": PERSON})
    first, _ = lines()
    assert first["library_message"] == "Exception in application"


def test_libraries_are_heard_from_warning_on(lines: Lines) -> None:
    logging.getLogger("uvicorn.access").info("GET /")
    logging.getLogger("uvicorn.error").warning("Port %d is busy", 80)
    (line,) = lines()
    assert (line["level"], line["library_message"]) == ("warning", "Port 80 is busy")


def test_a_library_that_keeps_trying_does_not_flood_the_log(lines: Lines) -> None:
    for _ in range(100):
        logging.getLogger("UnleashClient").error("Fetch failed")
    assert len(lines()) == 1
