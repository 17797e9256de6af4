import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from slipway.workload import Text

ADAPTER = TypeAdapter(Text)
SCHEMA = ADAPTER.json_schema()

# What ECMA-262 and Python call white space differs in U+001C to U+001F, U+0085 and U+FEFF.
WHITE_SPACE = "\t\n\r \x1c\x1f\x85\xa0\u2003\u2028\ufeff"


def accepted(value):
    try:
        return ADAPTER.validate_python(value) == value
    except ValidationError:
        return False


@given(st.one_of(st.text(max_size=30), st.text("\x00a " + WHITE_SPACE, max_size=8)))
@example("a")
@example(WHITE_SPACE)
@example("\x00a")
@example("a\n")
def test_the_published_pattern_accepts_what_the_validator_accepts(value):
    assert accepted(value) == bool(re.search(SCHEMA["pattern"], value))


@pytest.mark.parametrize("character", WHITE_SPACE)
def test_white_space_alone_is_refused_in_either_dialect(character):
    assert not accepted(character * 3)
    assert accepted(f"{character}x{character}")
    assert "\\s" not in SCHEMA["pattern"]


@pytest.mark.parametrize(("length", "fine"), [(0, False), (1, True), (20_000, True), (20_001, False)])
def test_the_length_is_limited(length, fine):
    assert accepted("x" * length) is fine
    assert (SCHEMA["minLength"], SCHEMA["maxLength"]) == (1, 20_000)


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", b"x", 7, None])
def test_what_is_no_text_is_refused(value):
    assert not accepted(value)


def test_the_text_is_left_as_it_was():
    assert ADAPTER.validate_json('"  Grüße \\ud83d\\ude00\\n"') == "  Grüße 😀\n"
