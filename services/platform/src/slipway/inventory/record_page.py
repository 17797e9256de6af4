"""The record of processing activities as a page in Markdown."""

from collections.abc import Iterable, Iterator

from slipway.inventory.declaration import HELD, OF_A_TENANT, DataClass, Held
from slipway.inventory.entries import Entry
from slipway.inventory.measures import MEASURES
from slipway.inventory.purposes import Purpose
from slipway.inventory.record import Record
from slipway.inventory.wording import CLASSES, ON_ERASURE, ON_EXPORT
from slipway.settings import variable

_COLUMNS = ("where", "what", "class", "form", "kept", "export", "erasure", "note")
_HEAD = f"| {' | '.join(_COLUMNS)} |\n|{' --- |' * len(_COLUMNS)}"
_MANY = 40
"""More names than that are counted, as long as they say nothing about a person; the JSON has them all."""

Group = tuple[str, Held, str, str]
_EACH_TABLE: Group = ("each table of a tenant's", OF_A_TENANT[HELD], "as long as its row", "it belongs to it")


def record_page(record: Record) -> str:
    """Return the record of processing activities (GDPR Art. 30(1)), ending with a line feed."""
    lines = ["# Record of processing activities", "", *_who(record), "", *_what(record), ""]
    for purpose in Purpose:
        lines += [*_section(purpose, record.of_purpose(purpose)), ""]
    return "\n".join([*lines, *_recipients(record), "", *_measures()]) + "\n"


def _who(record: Record) -> Iterator[str]:
    yield f"- **Controller:** {record.controller or _to_be_said('privacy_controller')}"
    yield f"- **Contact, data protection officer:** {record.contact or _to_be_said('privacy_contact')}"
    yield "- **People concerned:** those whom the inputs are about; those who operate the service."


def _to_be_said(setting: str) -> str:
    return f"(set `{variable(setting)}`)"


def _what(record: Record) -> Iterator[str]:
    yield f"## What the inputs of `{record.workload}` say about people\n"
    yield "| field | class | names the person | what it is |\n| --- | --- | --- | --- |"
    for field in record.inputs:
        names = "yes" if field.names_the_subject else ""
        yield f"| `{field.name}` | {CLASSES[field.data_class]} | {names} | {_cell(field.description)} |"
    yield "\nWhatever its class, an input is sealed as a whole, and so is the answer to it."


def _section(purpose: Purpose, entries: Iterable[Entry]) -> Iterator[str]:
    value = purpose.value
    yield f"## {value.title}\n"
    yield f"{value.what} *{value.basis[0].upper()}{value.basis[1:]}.* {value.why}\n"
    groups = _groups(entry for entry in entries if entry.store != "input")
    if not groups:
        yield "Nothing is held for this yet."
        return
    yield _HEAD
    yield from (_row(group, names) for group, names in groups.items())


def _groups(entries: Iterable[Entry]) -> dict[Group, list[str]]:
    """Return the names of what is alike in all that is declared."""
    found: dict[Group, list[str]] = {}
    for entry in entries:
        if entry.held == OF_A_TENANT[HELD]:
            found[_EACH_TABLE] = [entry.name]
        else:
            found.setdefault((entry.store, entry.held, entry.kept, entry.because), []).append(entry.name)
    return found


def _row(group: Group, names: list[str]) -> str:
    store, held, kept, because = group
    cells = [
        store,
        _names(names, held),
        CLASSES[held.data_class],
        held.form,
        f"{kept}: {because}",
        ON_EXPORT[held.on_export],
        ON_ERASURE[held.on_erasure],
        held.note,
    ]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _names(names: list[str], held: Held) -> str:
    if len(names) > _MANY and held.data_class is DataClass.NONE:
        return f"{len(names)} of them"
    if len(names) == 1 and " " in names[0]:
        return names[0]
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _recipients(record: Record) -> Iterator[str]:
    yield "## Recipients\n"
    yield "| who | gets | where |\n| --- | --- | --- |"
    yield from (
        f"| {each.name} | {each.gets} | {f'`{each.host}`' if each.host else 'where they say'} |"
        for each in record.recipients
    )
    yield (
        "\nNothing goes anywhere else. Whether a recipient is in a third country, and on what ground data may go there "
        "(GDPR Art. 44 to 49), depends on where these servers are: add it here."
    )


def _measures() -> Iterator[str]:
    yield "## Security\n"
    yield from (f"- {measure}" for measure in MEASURES)
