"""The privacy notice, in plain words (GDPR Art. 13 and 14, CCPA 1798.100)."""

from collections.abc import Iterable, Iterator

from slipway.inventory.declaration import DataClass
from slipway.inventory.measures import MEASURES
from slipway.inventory.purposes import Basis, Purpose
from slipway.inventory.record import Record
from slipway.inventory.wording import CLASSES
from slipway.settings import variable

_ABOUT = (DataClass.PERSONAL, DataClass.SPECIAL)
_RIGHTS = """\
You may ask what we hold about you and get a copy of it, have it corrected, have it erased, have us stop using it while
a question about it is open, and object to our using it. You pay nothing for that, and nobody treats you worse for it.
Ask {contact}. Tell us the name or number that you are known by to those whose service you use, so that we find you.

If you think that we treat your data wrongly, you may complain to the data protection authority of the place where you
live or work. In California you may also send somebody in your place. We do not sell data about you, and do not share
them for advertising."""
_MODEL = """\
A computer model reads what was written and proposes an answer. It learns nothing from it. Those whose service you use
decide what they make of the answer, and you may ask them to let a person look at it."""


def privacy_notice(record: Record) -> str:
    """Return the notice in Markdown, ending with a line feed. What only the controller knows is in brackets."""
    controller = record.controller or f"[name and address: set {variable('privacy_controller')}]"
    contact = record.contact or f"[address for requests: set {variable('privacy_contact')}]"
    sections: dict[str, Iterable[str]] = {
        "Who answers for your data": [f"{controller}. You reach us at {contact}."],
        "What we hold about you": _what(record),
        "What for, by what right, and how long": _why(record),
        "Who else gets it": _who(record),
        "What a model does with it": [_MODEL],
        "How it is protected": (f"- {measure}" for measure in MEASURES),
        "Your rights": [_RIGHTS.format(contact=contact)],
    }
    parts = ["# Privacy notice\n", *(f"## {title}\n\n{_joined(lines)}\n" for title, lines in sections.items())]
    return "\n".join(parts)


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _what(record: Record) -> Iterator[str]:
    yield "Somebody whose service you use sends us, about you:\n"
    for field in record.inputs:
        kind = "" if field.data_class is DataClass.NONE else f" ({CLASSES[field.data_class]})"
        yield f"- **{field.name}**{kind}: {field.description or 'no description'}"
    yield "\nWe keep it together with the model's answer, both sealed. Beside it we hold:\n"
    for note in _notes(record):
        yield f"- {note}"


def _notes(record: Record) -> list[str]:
    """Return what the other personal entries say about themselves, once each."""
    notes = (entry.held.note for entry in record.entries if entry.held.data_class in _ABOUT and entry.store != "input")
    return [note for note in dict.fromkeys(notes) if note]


def _why(record: Record) -> Iterator[str]:
    for purpose in Purpose:
        personal = [entry for entry in record.of_purpose(purpose) if entry.held.data_class in _ABOUT]
        if personal:
            periods = "; ".join(dict.fromkeys(entry.kept for entry in personal))
            yield f"- **{purpose.value.title}.** {purpose.value.what} {_right(purpose)} Kept: {periods}."


def _right(purpose: Purpose) -> str:
    return {
        Basis.CONTRACT: "We do it because it was ordered (contract).",
        Basis.LEGAL_OBLIGATION: "The law obliges us to.",
        Basis.LEGITIMATE_INTERESTS: "We have a legitimate interest in a service that runs; you may object.",
    }[purpose.basis]


def _who(record: Record) -> Iterator[str]:
    yield "Nobody but those who run the servers for us, and those whose service you use:\n"
    yield from (f"- {each.name}: {each.gets}" for each in record.recipients)
