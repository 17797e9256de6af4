"""What is put into whose place. Call it once, when all modules of the program are loaded and before it serves."""

from sqlalchemy import TextClause, text

from loadtests.sealing.plain.items import ItemCopier, copy_input
from loadtests.sealing.plain.keyring import StillKeyring
from loadtests.sealing.plain.replacement import replace_everywhere, without_keys
from loadtests.sealing.plain.subjects import add_unnamed, find_or_add
from slipway.jobs import leasing, sealing
from slipway.jobs import repository as job_store
from slipway.keys.service import Keyring
from slipway.subjects import repository as subject_store
from slipway.subjects import service as subjects

_PARTS: tuple[tuple[object, object], ...] = (
    (sealing.seal_input, copy_input),
    (sealing.ItemSealer, ItemCopier),
    (subjects.unnamed_subject, add_unnamed),
    (subjects.named_subjects, find_or_add),
    (Keyring, StillKeyring),
)
STATEMENTS = ((leasing, "_INPUTS"), (job_store, "_ITEMS"), (subject_store, "_WITH_KEYS"))
"""Statements of the path of a job that read subjects' keys."""


def leave_encryption_out() -> None:
    """Let jobs of this process be stored in plain text.

    Raises:
        RuntimeError: the product has changed, and the bench has to follow.
    """
    for part, by in _PARTS:
        replace_everywhere(part, by)
    for module, name in STATEMENTS:
        statement = getattr(module, name)
        replace_everywhere(statement, _without_keys(statement))


def _without_keys(statement: str | TextClause) -> str | TextClause:
    return without_keys(statement) if isinstance(statement, str) else text(without_keys(statement.text))
