"""Privacy classes on the fields of an `Input`: the one declaration that sealing, redaction and export derive from."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


class PrivacyClass(StrEnum):
    """How sensitive the content of a field is."""

    NONE = "none"
    IDENTIFIER = "identifier"
    """Names a person directly: customer number, e-mail address, name."""
    CONTENT = "content"
    """Free text or data of or about a person."""
    SPECIAL = "special"
    """Special categories: GDPR Art. 9, HIPAA protected health information."""


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field as holding personal data."""

    privacy_class: PrivacyClass


@dataclass(frozen=True, slots=True)
class DataSubject:
    """Marks the field that names the person whom the input is about."""


def personal(privacy_class: PrivacyClass = PrivacyClass.CONTENT) -> Personal:
    """Mark a field: `Annotated[str, personal(PrivacyClass.CONTENT)]`."""
    return Personal(privacy_class)


def data_subject() -> DataSubject:
    """Mark the field that names the data subject; at most one a model."""
    return DataSubject()


def privacy_classes(model: type[BaseModel]) -> dict[str, PrivacyClass]:
    """Return the privacy class of each field; fields without a mark are `NONE`."""
    return {
        name: next((mark.privacy_class for mark in _marks(field) if isinstance(mark, Personal)), PrivacyClass.NONE)
        for name, field in model.model_fields.items()
    }


def subject_field(model: type[BaseModel]) -> str | None:
    """Return the name of the field that names the data subject, if the model has one.

    Raises:
        ValueError: more than one field is marked.
    """
    marked = [
        name
        for name, field in model.model_fields.items()
        if any(isinstance(mark, DataSubject) for mark in _marks(field))
    ]
    if len(marked) > 1:
        raise ValueError(f"{model.__name__} marks {len(marked)} fields as the data subject ({marked}); mark one")
    return marked[0] if marked else None


def subject_of(item: BaseModel) -> str | None:
    """Return who the input is about, or None if it does not say."""
    name = subject_field(type(item))
    value = getattr(item, name) if name else None
    return None if value is None else str(value)


def _marks(field: FieldInfo) -> Iterator[Any]:
    """Yield the annotations of a field, also those inside `Annotated[...] | None` or `list[Annotated[...]]`."""
    yield from field.metadata
    yield from _inner_marks(field.annotation)


def _inner_marks(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    for inner in get_args(annotation):
        yield from _inner_marks(inner)
