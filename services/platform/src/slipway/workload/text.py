"""Text that people type, validated."""

from typing import Annotated

from pydantic import AfterValidator, Field

# Spelt out: what `\s` means differs between Python and the dialect of JSON Schema.
_WHITE_SPACE = r"\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_PATTERN = rf"^[^\u0000]*[^\u0000{_WHITE_SPACE}][^\u0000]*$"
_BYTE_ORDER_MARK = "\ufeff"


def _readable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("text must not contain NUL characters")
    if all(character.isspace() or character == _BYTE_ORDER_MARK for character in value):
        raise ValueError("text must have at least one character that is not white space")
    return value


Text = Annotated[
    str,
    Field(min_length=1, max_length=20_000, json_schema_extra={"pattern": _PATTERN}),
    AfterValidator(_readable),
]
"""1 to 20,000 characters without NUL, not only white space."""
