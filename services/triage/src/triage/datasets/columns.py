"""Which columns hold the labels, where the user does not say."""

from collections.abc import Callable, Sequence

from triage.errors import DataError

TEXT = "text"
LABEL = "label"
CATEGORY = "category"
PRIORITY = "priority"
_MOST = 2


def training_labels(asked: Sequence[str]) -> Callable[[tuple[str, ...]], Sequence[str]]:
    """Return the choice for training: what was asked for, else `label`, else `category` and, if there, `priority`.

    Raises:
        DataError: more than two columns, or one twice.
    """
    _check(asked)

    def choose(columns: tuple[str, ...]) -> Sequence[str]:
        if asked:
            return asked
        if LABEL in columns or CATEGORY not in columns:
            return (LABEL,)
        return (CATEGORY, PRIORITY) if PRIORITY in columns else (CATEGORY,)

    return choose


def evaluation_labels(asked: Sequence[str], learnt: Sequence[str]) -> Callable[[tuple[str, ...]], Sequence[str]]:
    """Return the choice for evaluation: what was asked for, else the columns that the model learnt from.

    Raises:
        DataError: more columns than the model has outputs, or one twice.
    """
    _check(asked)
    if len(asked) > len(learnt):
        raise DataError(f"The model answers {len(learnt)} column ({learnt[0]}), but {len(asked)} were given.")

    def choose(columns: tuple[str, ...]) -> Sequence[str]:
        if asked:
            return asked
        first = next((name for name in (learnt[0], LABEL, CATEGORY) if name in columns), learnt[0])
        return [first, *(name for name in learnt[1:] if name in columns)]

    return choose


def _check(asked: Sequence[str]) -> None:
    if len(asked) > _MOST or len(set(asked)) < len(asked):
        raise DataError(
            "Give --label-column once or twice, with different columns: the first answers the category, "
            "the second the priority."
        )
