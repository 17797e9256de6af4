"""Which series a PromQL expression reads. Not a parser: it knows what our panels and rules use."""

import re
from dataclasses import dataclass

_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_RANGE = re.compile(r"\[[^\]]*\]")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"(?<![\w:$])([a-zA-Z_:][\w:]*)\s*(?:\{([^}]*)\})?(?!\s*\()(?![\w:])")
_MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*[\"']([^\"']*)[\"']")
_WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool"}


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label: its name, `=`, `!=`, `=~` or `!~`, and the value."""

    label: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric that is read, and the conditions on its labels."""

    metric: str
    matchers: tuple[Matcher, ...]


def selectors(expression: str) -> list[Selector]:
    """Return what the expression reads, in order."""
    bare = expression
    for pattern in (_STRING, _RANGE, _GROUPING):
        bare = pattern.sub(_blank, bare)
    return [
        Selector(match[1], tuple(Matcher(*found) for found in _MATCHER.findall(expression[slice(*match.span(2))])))
        for match in _SELECTOR.finditer(bare)
        if match[1].lower() not in _WORDS
    ]


def groupings(expression: str) -> frozenset[str]:
    """Return the labels that the expression sums up by, or matches sides on."""
    lists = _GROUPING.findall(_STRING.sub(_blank, expression))
    return frozenset(label.strip() for names in lists for label in names.split(",") if label.strip())


def _blank(match: re.Match[str]) -> str:
    """Take out what could be taken for a name, and leave everything else in its place."""
    return " " * len(match[0])
