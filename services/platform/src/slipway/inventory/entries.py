"""The whole inventory as one list: every column, key, field, attribute, label, setting, place and input."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slipway.inventory.declaration import HELD, Form, Held
from slipway.inventory.declaration import held as declare
from slipway.inventory.inputs import InputField, as_sensitive_as, input_fields
from slipway.inventory.places import PLACES
from slipway.inventory.redis_keys import REDIS_KEYS
from slipway.inventory.retention import Kept
from slipway.inventory.secrets import held_setting
from slipway.inventory.signals import held_signals
from slipway.inventory.tables import held_columns, retention_of
from slipway.inventory.wording import how_long
from slipway.settings import Settings, variable
from slipway.workload.contract import Workload

_CONTENT = (("job_items", "input"), ("job_items", "output"), ("subject_export_parts", "content"))
"""The columns that hold whole inputs, answers to them, and copies of both."""
_DAY = timedelta(days=1)
_PLACE_OF = {"log line": "log lines", "span": "traces", "metric": "metrics"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that holds data."""

    store: str
    """Where it is: a table, `Redis`, `log line`, `span`, `metric`, `setting`, `input`, or the place itself."""
    name: str
    """Of the column, key, field, attribute, label or setting; of a place, what is there."""
    held: Held
    kept: str
    """How long, in words."""
    because: str
    """Why so long."""
    days: float | None = None
    """The same as a number; None, if no age ends it."""


def entries(settings: Settings, workload: Workload[Any, Any]) -> tuple[Entry, ...]:
    """Return the inventory of an installation: with its periods, and with the classes of its workload's inputs.

    Raises:
        UndeclaredError: something does not say what it holds, or how long that is kept.
    """
    fields = input_fields(workload)
    return (
        *_of_inputs(settings, fields),
        *_of_tables(settings, fields),
        *(Entry("Redis", key.name, key.held, key.kept, "it serves the moment, and may be lost") for key in REDIS_KEYS),
        *_of_signals(settings),
        *(Entry(place.name, place.what, place.held, *_words(settings, place.kept)) for place in PLACES),
        *_of_settings(),
    )


def _of_inputs(settings: Settings, fields: Iterable[InputField]) -> Iterator[Entry]:
    """Yield the fields of an input; together they lie in one sealed column."""
    content = next(each.held for each in held_columns() if (each.table, each.column) == _CONTENT[0])
    for field in fields:
        note = field.description + (" Names the person whom the input is about." if field.names_the_subject else "")
        held = declare(
            field.data_class, content.purpose, Form.SEALED, content.on_export, content.on_erasure, note.strip()
        )
        yield Entry("input", field.name, held[HELD], *_words(settings, retention_of("jobs")))


def _of_tables(settings: Settings, fields: Iterable[InputField]) -> Iterator[Entry]:
    for each in held_columns():
        held = as_sensitive_as(each.held, fields) if (each.table, each.column) in _CONTENT else each.held
        yield Entry(each.table, each.column, held, *_words(settings, retention_of(each.table)))


def _of_signals(settings: Settings) -> Iterator[Entry]:
    kept = {place.name: _words(settings, place.kept) for place in PLACES}
    for store, name, held in held_signals():
        yield Entry(store, name, held, *kept[_PLACE_OF[store]])


def _of_settings() -> Iterator[Entry]:
    for name in Settings.model_fields:
        yield Entry("setting", variable(name), held_setting(name), "as long as the process runs", "it is read once")


def _words(settings: Settings, retention: Kept) -> tuple[str, str, float | None]:
    if retention.follows is not None:
        kept, _, days = _words(settings, retention_of(retention.follows))
        return kept, f"it goes with `{retention.follows}`: {retention.reason}", days
    period = retention.period(settings)
    return how_long(retention, settings), retention.reason, period / _DAY if period else None
