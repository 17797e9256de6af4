"""Privacy classes on the fields of an `Input`: the one declaration that sealing, redaction and export derive from."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel


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
        name: next((m.privacy_class for m in field.metadata if isinstance(m, Personal)), PrivacyClass.NONE)
        for name, field in model.model_fields.items()
    }


def subject_field(model: type[BaseModel]) -> str | None:
    """Return the name of the field that names the data subject, if the model has one.

    Raises:
        TypeError: more than one field is marked.
    """
    marked = [
        name
        for name, field in model.model_fields.items()
        if any(isinstance(mark, DataSubject) for mark in field.metadata)
    ]
    if len(marked) > 1:
        raise TypeError(f"{model.__name__} marks {len(marked)} fields as the data subject ({marked}); mark one")
    return marked[0] if marked else None


def subject_of(item: BaseModel) -> str | None:
    """Return who the input is about, or None if it does not say."""
    name = subject_field(type(item))
    value = getattr(item, name) if name else None
    return None if value is None else str(value)
