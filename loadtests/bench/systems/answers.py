"""What a right answer looks like."""

import json
from collections.abc import Mapping
from typing import Any


def count(results: object) -> int:
    """Return how many of a list look like answers: a category, a confidence from 0 to 1, and a priority."""
    return sum(_is_right(result) for result in results) if isinstance(results, list) else 0


def count_in(body: bytes, field: str) -> int:
    """Return how many answers the list in a field of a JSON object has; 0: there is no such thing."""
    try:
        document = json.loads(body)
    except ValueError:
        return 0
    return count(document.get(field)) if isinstance(document, dict) else 0


def _is_right(result: Any) -> bool:
    if not isinstance(result, Mapping):
        return False
    named = all(isinstance(result.get(name), str) and result[name] for name in ("category", "priority"))
    confidence = result.get("confidence")
    return named and isinstance(confidence, float | int) and 0 <= confidence <= 1
