"""A review's report, for people."""

from collections.abc import Iterator
from typing import Any


def report_page(body: dict[str, Any]) -> str:
    """Return a report's body (`Report.body`) in Markdown, ending with a line feed."""
    return "\n".join(_lines(body)) + "\n"


def _lines(body: dict[str, Any]) -> Iterator[str]:
    yield f"# Review of {body['at'][:16].replace('T', ' ')} UTC\n"
    yield f"{body['findings']} findings." if body["findings"] else "Nothing was found that is not as it should be."
    for check in body["checks"]:
        yield f"\n## {check['question']}\n"
        yield f"{'Yes.' if not check['count'] else 'No.'} Looked at: {check['looked_at']}."
        if check["findings"]:
            yield ""
        yield from (f"- {finding}" for finding in check["findings"])
        if check["count"] > len(check["findings"]):
            yield f"- and {check['count'] - len(check['findings'])} more"
