"""Text that people type, validated."""

from typing import Annotated

from pydantic import AfterValidator, Field


def _readable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("text must not contain NUL characters")
    if not value.strip():
        raise ValueError("text must have at least one character that is not white space")
    return value


Text = Annotated[
    str,
    Field(min_length=1, max_length=20_000, json_schema_extra={"pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"}),
    AfterValidator(_readable),
]
"""1 to 20,000 characters without NUL, not only white space."""
