"""The record of processing activities (GDPR Art. 30) of an installation, as values."""

from dataclasses import dataclass
from typing import Any

from slipway.inventory.entries import Entry, entries
from slipway.inventory.inputs import InputField, input_fields
from slipway.inventory.measures import MEASURES
from slipway.inventory.purposes import Purpose
from slipway.inventory.recipients import Recipient, recipients
from slipway.settings import Settings
from slipway.workload.contract import Workload


@dataclass(frozen=True, slots=True)
class Record:
    """All that the record and the notice are made of."""

    controller: str | None
    contact: str | None
    workload: str
    inputs: tuple[InputField, ...]
    entries: tuple[Entry, ...]
    recipients: tuple[Recipient, ...]

    @classmethod
    def of(cls, settings: Settings, workload: Workload[Any, Any]) -> "Record":
        """Return the record of an installation with these settings and this workload.

        Raises:
            UndeclaredError: something does not say what it holds, or how long that is kept.
        """
        return cls(
            settings.privacy_controller,
            settings.privacy_contact,
            workload.name,
            input_fields(workload),
            entries(settings, workload),
            recipients(settings),
        )

    def of_purpose(self, purpose: Purpose) -> tuple[Entry, ...]:
        """Return what is held for a purpose."""
        return tuple(entry for entry in self.entries if entry.held.purpose is purpose)


def as_json(record: Record) -> dict[str, Any]:
    """Return the record as values of JSON: every entry by itself."""
    return {
        "controller": record.controller,
        "contact": record.contact,
        "workload": record.workload,
        "processing": [_processing(purpose) for purpose in Purpose],
        "recipients": [{"name": each.name, "gets": each.gets, "host": each.host} for each in record.recipients],
        "measures": list(MEASURES),
        "entries": [_entry(entry) for entry in record.entries],
    }


def _processing(purpose: Purpose) -> dict[str, str]:
    value = purpose.value
    return {
        "purpose": purpose.name.lower(),
        "title": value.title,
        "what": value.what,
        "basis": value.basis,
        "why": value.why,
    }


def _entry(entry: Entry) -> dict[str, str | float | None]:
    held = entry.held
    return {
        "store": entry.store,
        "name": entry.name,
        "class": held.data_class,
        "purpose": held.purpose.name.lower(),
        "basis": held.purpose.basis,
        "form": held.form,
        "kept": entry.kept,
        "days": entry.days,
        "because": entry.because,
        "export": held.on_export,
        "erasure": held.on_erasure,
        "note": held.note,
    }
