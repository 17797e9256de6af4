from datetime import timedelta

import pytest

from slipway.inventory.declaration import (
    DataClass,
    Form,
    OnErasure,
    OnExport,
    goes_with,
    held,
    kept,
    nothing_personal,
    stays_until,
)
from slipway.inventory.purposes import Basis, Purpose
from slipway.settings import Settings


def test_a_declaration_brings_its_lawful_basis():
    declared = nothing_personal(Purpose.ACCOUNTABILITY)["held"]
    assert declared.purpose.basis is Basis.LEGAL_OBLIGATION
    assert "Art. 5(2)" in declared.purpose.value.why


@pytest.mark.parametrize("data_class", [DataClass.PERSONAL, DataClass.SPECIAL])
def test_what_is_personal_says_what_export_and_erasure_do_with_it(data_class):
    with pytest.raises(ValueError, match="by an erasure: say which"):
        held(data_class, Purpose.ANSWERING, Form.SEALED, OnExport.GIVEN)
    with pytest.raises(ValueError, match="by an export: say which"):
        held(data_class, Purpose.ANSWERING, Form.SEALED, erasure=OnErasure.DELETED)


def test_what_an_erasure_keeps_is_explained():
    with pytest.raises(ValueError, match="a note that says why"):
        held(DataClass.PERSONAL, Purpose.ACCOUNTABILITY, export=OnExport.GIVEN, erasure=OnErasure.KEPT)


@pytest.mark.parametrize(
    ("choice", "changed", "period"),
    [
        ({"days": 90}, {}, timedelta(days=90)),
        ({"setting": "idempotency_seconds"}, {}, timedelta(days=1)),
        ({"setting": "log_retention_days"}, {"log_retention_days": 3}, timedelta(days=3)),
    ],
)
def test_a_period_is_fixed_or_that_of_a_setting(choice, changed, period):
    retention = kept("created_at", "it is needed", **choice)["kept"]
    assert retention.period(Settings().model_copy(update=changed)) == period
    assert retention.since == ("created_at",)


@pytest.mark.parametrize("retention", [goes_with("jobs"), stays_until("it is revoked", "it is needed")])
def test_what_no_age_ends_has_no_period(retention):
    assert retention["kept"].period(Settings()) is None


@pytest.mark.parametrize(
    ("choice", "complaint"),
    [
        ({}, "exactly one"),
        ({"days": 1, "setting": "idempotency_seconds"}, "exactly one"),
        ({"setting": "no_such_seconds"}, "no setting no_such_seconds"),
        ({"setting": "api_port"}, "ends with _seconds, _ttl, _days"),
    ],
)
def test_a_retention_that_cannot_be_obeyed_is_refused(choice, complaint):
    with pytest.raises(ValueError, match=complaint):
        kept("created_at", "it is needed", **choice)
