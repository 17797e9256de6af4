"""Says what is wrong with an input, and repeats nothing of it: neither values nor names that are not our own."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from slipway.errors import InvalidInput

_SHOWN = 20
_NOT_OURS = "?"
"""Stands for a name that the caller has made up."""
_QUOTE = 8
"""Characters in a row that a message has of an input only if it quotes it; of a shorter input, all."""
_SHORTEST, _LONGEST = 3, 1_000
"""Of an input that could be quoted, and of a message that is looked through."""
_WORDS = {
    "extra_forbidden": "There is no such field. See /docs for those that there are",
    "union_tag_invalid": "There is no such kind. See /docs for those that there are",
    "uuid_parsing": "This is not a UUID",
}
"""Better words than pydantic's, which quote the input or speak of classes."""
_IN_OTHERS_WORDS = frozenset({"value_error", "assertion_error"})
"""Mistakes whose words are a validator's own, of a workload for instance."""


def invalid_input(mistakes: Sequence[ErrorDetails], place: str, declared: frozenset[str] | None = None) -> InvalidInput:
    """Describe what pydantic found.

    Args:
        mistakes: at least one, with its input.
        place: where what was validated came from: `#` for a body.
        declared: names that may be told; None: all but those of fields that do not exist.
    """
    shown = [_described(mistake, place, declared) for mistake in mistakes[:_SHOWN]]
    first = shown[0]
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return InvalidInput(f"{first['pointer']}: {first['detail']}{more}", {"errors": shown})


@lru_cache(maxsize=16)
def declared_names(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of all fields in a model and in the models that it holds, and its fixed values."""
    return frozenset(_names(model.model_json_schema()))


def _names(schema: object) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from _names(part)
    elif isinstance(schema, dict):
        yield from (str(name) for name in schema.get("properties", ()))
        yield from (value for value in (schema.get("const"), *schema.get("enum", ())) if isinstance(value, str))
        for part in schema.values():
            yield from _names(part)


def _described(mistake: ErrorDetails, place: str, declared: frozenset[str] | None) -> dict[str, str]:
    parts: list[int | str] = [place, *mistake["loc"]]
    if mistake["type"] == "extra_forbidden":
        parts[-1] = _NOT_OURS
    if declared is not None:
        parts[1:] = [part if isinstance(part, int) or part in declared else _NOT_OURS for part in parts[1:]]
    return {
        "pointer": "/".join(str(part) for part in parts if part != ""),
        "code": mistake["type"],
        "detail": _WORDS.get(mistake["type"]) or _own_words(mistake),
    }


def _own_words(mistake: ErrorDetails) -> str:
    """Return the message, unless it is a validator's and quotes the input."""
    if mistake["type"] in _IN_OTHERS_WORDS and _quotes(mistake["msg"].partition(", ")[2], str(mistake["input"])):
        return "This value is not valid"
    return mistake["msg"]


def _quotes(message: str, value: str) -> bool:
    if len(value) < _SHORTEST:
        return False
    length = min(_QUOTE, len(value))
    windows = (message[start : start + length] for start in range(len(message) - length + 1))
    return len(message) > _LONGEST or any(window in value for window in windows)
