"""What a span is: the specifications that the catalogue of spans consists of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opentelemetry.trace import SpanKind

OURS = "slipway."
"""Prefix of the attributes that no convention of OpenTelemetry has a name for."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value that a span may carry: a number, an id, or one of a few words. Never what a person wrote."""

    name: str
    help: str


@dataclass(frozen=True, slots=True)
class SpanType:
    """One kind of span. A name in braces is made of the values of attributes, as the conventions want it."""

    name: str
    help: str
    attributes: tuple[Attribute, ...] = ()
    kind: SpanKind = SpanKind.INTERNAL
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Values of attributes that are always the same."""
