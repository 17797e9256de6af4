import pytest

from slipway.inventory import signals
from slipway.inventory.declaration import DataClass, UndeclaredError
from slipway.inventory.signals import LOG_FIELDS, METRIC_LABELS, SPAN_ATTRIBUTES, held_signals
from slipway.telemetry.catalogue import catalogue
from slipway.telemetry.fields import FIELDS
from slipway.telemetry.spans import ATTRIBUTES


def test_what_is_declared_is_what_there_is():
    assert LOG_FIELDS.keys() == FIELDS.keys()
    assert SPAN_ATTRIBUTES.keys() == {attribute.name for attribute in ATTRIBUTES}
    assert METRIC_LABELS.keys() == {label.name for metric in catalogue() for label in metric.labels}


def test_no_signal_is_about_a_person_or_opens_anything():
    found = list(held_signals())
    assert {kind for kind, *_ in found} == {"log line", "span", "metric"}
    assert [name for _, name, held in found if held.data_class is not DataClass.NONE] == []


def test_a_log_field_that_nobody_has_declared_is_named(monkeypatch):
    monkeypatch.setattr(signals, "FIELDS", {**FIELDS, "email": "Who it was."})
    with pytest.raises(UndeclaredError, match=r"email of a log line .* name it in slipway\.inventory\.signals"):
        list(held_signals())
