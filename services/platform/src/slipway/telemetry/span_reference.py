"""Writes the catalogue of spans into a page for people, between its two marks.

`python -m slipway.telemetry.span_reference docs/tracing.md` writes the page anew.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from slipway.telemetry.span_type import Attribute, SpanType
from slipway.telemetry.spans import ATTRIBUTES, SPANS

_BEGIN, _END = "<!-- spans -->\n", "<!-- end of spans -->\n"


def page(text: str) -> str:
    """Return the page with the spans as they are now.

    Raises:
        ValueError: the page has no marks.
    """
    before, _, rest = text.partition(_BEGIN)
    _, found, after = rest.partition(_END)
    if not found:
        raise ValueError(f"the page needs the marks {_BEGIN.strip()} and {_END.strip()}")
    return f"{before}{_BEGIN}{_tables(SPANS, ATTRIBUTES)}{_END}{after}"


def _tables(spans: Sequence[SpanType], attributes: Sequence[Attribute]) -> str:
    rows = [f"| `{span.name}` | {span.kind.name.lower()} | {span.help} | {_names(span)} |" for span in spans]
    meanings = [f"| `{attribute.name}` | {attribute.help} |" for attribute in attributes]
    lines = ["| span | kind | what it stands for | attributes |", "| --- | --- | --- | --- |", *rows, ""]
    return "\n".join([*lines, "| attribute | meaning |", "| --- | --- |", *meanings]) + "\n"


def _names(span: SpanType) -> str:
    return ", ".join(f"`{attribute.name}`" for attribute in span.attributes)


if __name__ == "__main__":
    found = Path(sys.argv[1])
    found.write_text(page(found.read_text("utf-8")), "utf-8")
