"""The catalogue of spans: sound in itself, followed by every call in every package, and printed in the docs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.telemetry import spans
from slipway.telemetry.span_reference import page
from slipway.telemetry.span_type import OURS, SpanType

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "tracing.md"
OPENING = {"span", "continue_trace", "joined", "add"}
BESIDES = {"began"}
NAMED = {name: found for name, found in vars(spans).items() if isinstance(found, SpanType)}
KEYWORDS = {attribute.name.removeprefix(OURS) for attribute in spans.ATTRIBUTES if attribute.name.startswith(OURS)}


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(ROOT.glob("services/*/src/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (opens(node) or annotates(node)):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def opens(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in OPENING and span_of(call) is not None


def annotates(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "annotate"


def span_of(call: ast.Call) -> SpanType | None:
    named = (arg.attr for arg in call.args if isinstance(arg, ast.Attribute) and ast.unparse(arg.value) == "spans")
    return next((NAMED[name] for name in named if name in NAMED), None)


def is_sound(call: ast.Call) -> bool:
    span = span_of(call)
    declared = {attribute.name.removeprefix(OURS) for attribute in span.attributes} if span else KEYWORDS
    return {keyword.arg for keyword in call.keywords if keyword.arg} - BESIDES <= declared


def test_every_call_gives_attributes_that_are_declared_for_its_span() -> None:
    found = dict(calls())
    assert len(found) > 10
    assert [place for place, call in found.items() if not is_sound(call)] == []


@pytest.mark.parametrize("call", ["tracing.span(spans.CHUNK, email=e)", "annotate(email=e)"])
def test_other_calls_are_found(call: str) -> None:
    parsed = ast.parse(call, mode="eval").body
    assert isinstance(parsed, ast.Call)
    assert opens(parsed) or annotates(parsed)
    assert not is_sound(parsed)


def test_no_span_and_no_attribute_is_declared_twice_or_for_nothing() -> None:
    assert len({span.name for span in spans.SPANS}) == len(spans.SPANS)
    used = {attribute for span in spans.SPANS for attribute in span.attributes} | {spans.ERROR_TYPE}
    assert sorted(attribute.name for attribute in used) == sorted(attribute.name for attribute in spans.ATTRIBUTES)
    for span in spans.SPANS:
        names = {attribute.name for attribute in span.attributes}
        assert {*re.findall("{(.*?)}", span.name), *span.fixed} <= names, span.name


def test_the_page_of_traces_has_the_spans_that_the_catalogue_declares() -> None:
    written = PAGE.read_text("utf-8")
    assert page(written) == written, f"run: python -m slipway.telemetry.span_reference {PAGE.relative_to(ROOT)}"


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        page("# Traces")
