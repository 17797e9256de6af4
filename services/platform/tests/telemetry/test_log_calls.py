"""Every call of a logger, in every package, logs a named event with declared fields."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.telemetry.fields import FIELDS

ROOT = Path(__file__).parents[4]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
BESIDES = {"exc_info", None}


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted([*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("cli/src/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and is_log_call(node.func):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def is_log_call(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "log_context"
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LEVELS
        and isinstance(function.value, ast.Name)
        and function.value.id in ("log", "_log", "logger")
    )


def is_sound(call: ast.Call) -> bool:
    if not {keyword.arg for keyword in call.keywords} <= FIELDS.keys() | BESIDES:
        return False
    if isinstance(call.func, ast.Name):
        return True
    event = call.args[0] if len(call.args) == 1 else None
    return isinstance(event, ast.Constant) and re.fullmatch(r"[a-z][a-z0-9_.]*", str(event.value)) is not None


def test_every_call_names_its_event_and_declared_fields() -> None:
    found = dict(calls())
    assert len(found) > 5
    assert [place for place, call in found.items() if not is_sound(call)] == []


@pytest.mark.parametrize(
    "call", ['log.info("Job accepted")', 'log.info(f"job_{n}")', 'log.info("job", email=e)', "log_context(email=e)"]
)
def test_other_calls_are_found(call: str) -> None:
    parsed = ast.parse(call, mode="eval").body
    assert isinstance(parsed, ast.Call)
    assert is_log_call(parsed.func)
    assert not is_sound(parsed)
