"""The bench follows the product, or says that it does not."""

import re

import pytest
from loadtests.sealing.plain.composition import STATEMENTS
from loadtests.sealing.plain.replacement import replace_everywhere, without_keys

from slipway.jobs import intake, sealing

PARAMETER = re.compile(r"(?<!:):\w+|%\(\w+\)s")


@pytest.mark.parametrize(("module", "name"), STATEMENTS, ids=lambda part: getattr(part, "__name__", part))
def test_statements_read_the_same_columns_without_keys(module, name):
    statement = str(getattr(module, name))
    plain = without_keys(statement)

    assert "subject_keys" in statement
    assert "subject_keys" not in plain
    assert PARAMETER.findall(plain) == PARAMETER.findall(statement) != []
    assert plain.count("CAST(NULL AS bytea)") == 1


@pytest.mark.parametrize("statement", ["SELECT 1", "SELECT k.wrapped, k.wrapped FROM subject_keys k"])
def test_a_statement_of_another_form_is_refused(statement):
    with pytest.raises(RuntimeError, match="the bench has to follow"):
        without_keys(statement)


def test_a_part_is_replaced_wherever_it_was_imported(monkeypatch):
    product, other = sealing.seal_input, object()
    monkeypatch.setattr(sealing, "seal_input", product)
    monkeypatch.setattr(intake, "seal_input", product)

    replace_everywhere(product, other)

    found = (sealing.seal_input, intake.seal_input)
    replace_everywhere(other, product)
    assert found == (other, other)
    assert (sealing.seal_input, intake.seal_input) == (product, product)


def test_a_part_that_the_product_does_not_have_is_missed():
    with pytest.raises(RuntimeError, match="has to follow the product"):
        replace_everywhere(object(), object())
