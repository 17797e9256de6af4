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


CALLS = list(calls())


def test_there_are_calls_to_look_at() -> None:
    assert len(CALLS) > 5


@pytest.mark.parametrize("call", [call for _, call in CALLS], ids=[place for place, _ in CALLS])
def test_a_call_names_its_event_and_declared_fields(call: ast.Call) -> None:
    assert {keyword.arg for keyword in call.keywords} <= FIELDS.keys() | BESIDES
    if isinstance(call.func, ast.Attribute):
        (event,) = call.args
        assert isinstance(event, ast.Constant)
        assert re.fullmatch(r"[a-z][a-z0-9_.]*", event.value)
