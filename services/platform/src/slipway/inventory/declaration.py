"""How a column, or whatever else holds data, declares what it holds: once, in code, beside the thing itself.

A column says `info=held(...)`, and a table `info=kept(...)`, `info=goes_with(...)` or `info=stays_until(...)`. Columns
that hold the like of each other share one declaration. A test compares the declarations with the live catalogue.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slipway.inventory.purposes import Purpose
from slipway.inventory.retention import Kept

HELD, KEPT = "held", "kept"
"""Where the declarations lie in the `info` of a column and of a table."""


class UndeclaredError(LookupError):
    """Something that holds data does not say what. The text says what to declare, and where."""


class DataClass(StrEnum):
    """How sensitive the content is."""

    NONE = "none"
    """Says nothing about a person."""
    PERSONAL = "personal"
    """About a person, or standing for one: also an id or a hash that takes a key to trace back."""
    SPECIAL = "special"
    """Special categories: GDPR Art. 9, HIPAA protected health information."""
    SECRET = "secret"  # noqa: S105  # a class of data, not a password
    """Opens something: keys, passwords, tokens, and what they could be guessed from."""


class Form(StrEnum):
    """How the content lies there."""

    PLAIN = "plain"
    SEALED = "sealed"
    """Encrypted by the application; see `slipway.keys.envelope`."""
    HASHED = "hashed"
    """A keyed hash, or the digest of a long random value: compared, never read."""
    RANDOM = "random id"
    """An id that was drawn, and means something only beside other rows."""


class OnExport(StrEnum):
    """What the export of everything that is held of a person does with it."""

    GIVEN = "given"
    EXPLAINED = "explained"
    """The export says that it is held and what for; the value would tell the person nothing, or opens something."""
    NOT_THEIRS = "not theirs"
    """It is not about the person."""


class OnErasure(StrEnum):
    """What the erasure of a person does with it."""

    DELETED = "deleted"
    DESTROYED = "key destroyed"
    """Deleted, and wherever a copy is left (a backup), nothing is there any more that opens it."""
    KEPT = "kept"
    """It stays, for the reason that the note gives."""
    NOT_THEIRS = "not theirs"
    """It is not about the person."""


@dataclass(frozen=True, slots=True)
class Held:
    """What something holds: how sensitive, why, in what form, and what a person's rights do with it."""

    data_class: DataClass
    purpose: Purpose
    form: Form
    on_export: OnExport
    on_erasure: OnErasure
    note: str = ""
    """In plain words, where the name does not say it all; always, where erasure keeps something about a person."""

    def __post_init__(self) -> None:
        about = self.data_class in {DataClass.PERSONAL, DataClass.SPECIAL}
        if about and OnErasure.NOT_THEIRS is self.on_erasure:
            raise ValueError("what is about a person is deleted, destroyed or kept by an erasure: say which")
        if about and OnExport.NOT_THEIRS is self.on_export:
            raise ValueError("what is about a person is given or explained by an export: say which")
        if self.on_erasure is OnErasure.KEPT and not self.note:
            raise ValueError("what an erasure keeps needs a note that says why")


def held(
    data_class: DataClass,
    purpose: Purpose,
    form: Form = Form.PLAIN,
    export: OnExport = OnExport.NOT_THEIRS,
    erasure: OnErasure = OnErasure.NOT_THEIRS,
    note: str = "",
) -> dict[str, Any]:
    """Return the `info` of a column, or of several that hold the like of each other.

    Raises:
        ValueError: the declaration leaves open what becomes of something personal.
    """
    return {HELD: Held(data_class, purpose, form, export, erasure, note)}


def nothing_personal(purpose: Purpose, note: str = "") -> dict[str, Any]:
    """Return the `info` of columns that say nothing about a person and open nothing."""
    return held(DataClass.NONE, purpose, note=note)


OF_A_TENANT = nothing_personal(Purpose.PROTECTION, "Whose it is: row-level security goes by it.")
"""Of the column that each table has to keep tenants apart."""


def kept(
    since: str | tuple[str, ...],
    reason: str,
    *,
    days: float | None = None,
    setting: str | None = None,
    condition: str = "",
) -> dict[str, Any]:
    """Return the `info` of a table whose rows are deleted at an age.

    Args:
        since: the column that the age counts from; of several, the earliest that is set. Null: it does not count yet.
        reason: why so long and no longer, as a clause: `a client that repeats a request ...`.
        days: the period, where nobody has to choose it.
        setting: name of the setting that has the period, in seconds or days as its name ends; its default is in code.
        condition: what must hold besides, in words.

    Raises:
        ValueError: neither or both of `days` and `setting` are given.
    """
    columns = (since,) if isinstance(since, str) else since
    return {KEPT: Kept(reason, columns, days, setting, condition=condition)}


def goes_with(table: str, reason: str = "") -> dict[str, Any]:
    """Return the `info` of a table whose rows are deleted with the row of another that they belong to."""
    return {KEPT: Kept(reason or "they are part of it", follows=table)}


def stays_until(event: str, reason: str) -> dict[str, Any]:
    """Return the `info` of a table whose rows no age ends, but an event: `its tenant is deleted`."""
    return {KEPT: Kept(reason, until=event)}
