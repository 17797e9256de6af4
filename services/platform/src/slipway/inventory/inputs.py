"""What the workload's inputs say about people, by the marks of their fields."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from slipway.inventory.declaration import DataClass, Held
from slipway.workload.contract import Workload
from slipway.workload.privacy import PrivacyClass, privacy_classes, subject_field

_CLASSES = {
    PrivacyClass.IDENTIFIER: DataClass.PERSONAL,
    PrivacyClass.CONTENT: DataClass.PERSONAL,
    PrivacyClass.SPECIAL: DataClass.SPECIAL,
}


@dataclass(frozen=True, slots=True)
class InputField:
    """A field of the workload's input."""

    name: str
    data_class: DataClass
    names_the_subject: bool
    description: str
    """As its author describes it; may be empty."""


def input_fields(workload: Workload[Any, Any]) -> tuple[InputField, ...]:
    """Return the fields of the workload's input, in its own order.

    A field without a mark counts as personal where another one has it: it is about the same person.
    """
    marks, subject = privacy_classes(workload.Input), subject_field(workload.Input)
    least = DataClass.NONE if set(marks.values()) <= {PrivacyClass.NONE} else DataClass.PERSONAL
    classes = {name: least if mark is PrivacyClass.NONE else _CLASSES[mark] for name, mark in marks.items()}
    return tuple(
        InputField(name, classes[name], name == subject, field.description or "")
        for name, field in workload.Input.model_fields.items()
    )


def as_sensitive_as(held: Held, fields: Iterable[InputField]) -> Held:
    """Return what holds whole inputs, or answers to them, at the class of the most sensitive field."""
    special = any(field.data_class is DataClass.SPECIAL for field in fields)
    return replace(held, data_class=DataClass.SPECIAL) if special else held
