"""Describes exceptions without what they were raised about.

Messages and local variables carry values: pydantic quotes the input, drivers quote parameters, `KeyError` quotes the
key. So a description consists of the code's own names and numbers only.
"""

import re
import traceback
from collections.abc import Iterator

from slipway.errors import Problem

Description = dict[str, object]

_MAX_CAUSES = 8
_MAX_FRAMES = 30
_MAX_MEMBERS = 5
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")


def describe(error: BaseException) -> list[Description]:
    """Describe an exception and its causes, the outermost first.

    Each description has the `type`, the `frames` (`module:line function`, the innermost last) and, where there is one,
    the `code` (errno or SQLSTATE) or the `problem` type. Members of an exception group are described in `members`.
    """
    return [_one(cause) for cause, _ in zip(_causes(error), range(_MAX_CAUSES), strict=False)]


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _one(error: BaseException) -> Description:
    description: Description = {"type": type_name(type(error))}
    if isinstance(error, Problem):
        description["problem"] = error.type
    code = _code(error)
    if code is not None:
        description["code"] = code
    description["frames"] = _frames(error)
    if isinstance(error, BaseExceptionGroup):
        description["members"] = [describe(member) for member in error.exceptions[:_MAX_MEMBERS]]
    return description


def type_name(kind: type[BaseException]) -> str:
    """Return the name of an exception's class, with its module unless it is built in."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _code(error: BaseException) -> int | str | None:
    if isinstance(error, OSError):
        return error.errno
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) and _SQLSTATE.fullmatch(state) else None


def _frames(error: BaseException) -> list[str]:
    frames = [
        f"{frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_qualname}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return frames[-_MAX_FRAMES:]
