"""Puts something else into the place of a part, for every module that has imported it by its name."""

import re
import sys
from types import ModuleType

_PRODUCT = ("slipway", "slipway_api", "slipway_worker")
_KEYS_OF_SUBJECTS = re.compile(r"(LEFT )?JOIN LATERAL \(\s*SELECT wrapped FROM subject_keys\s[^()]*\) k ON true\s")
_WRAPPED = re.compile(r"\bk\.wrapped\b( AS \w+)?")


def replace_everywhere(part: object, by: object) -> None:
    """Replace a function, class or constant of the product in all of its modules that are loaded.

    Raises:
        RuntimeError: no module has it under any name, so that nothing would be replaced.
    """
    places = [(module, name) for module in _modules() for name, value in vars(module).items() if value is part]
    if not places:
        raise RuntimeError(f"No module of Slipway's has {part!r} any more: the bench has to follow the product.")
    for module, name in places:
        setattr(module, name, by)


def without_keys(statement: str) -> str:
    """Return a statement of the product that reads subjects' keys as one that does not: its columns stay, as nulls.

    Raises:
        RuntimeError: it does not read them in the way that is known here.
    """
    rest, joins = _KEYS_OF_SUBJECTS.subn("", statement)
    plain, columns = _WRAPPED.subn(lambda found: f"CAST(NULL AS bytea){found[1] or ' AS wrapped'}", rest)
    if (joins, columns) != (1, 1):
        raise RuntimeError(f"This statement reads subjects' keys in another way; the bench has to follow: {statement}")
    return plain


def _modules() -> list[ModuleType]:
    return [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in _PRODUCT]
