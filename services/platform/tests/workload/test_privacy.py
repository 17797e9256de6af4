from typing import Annotated

import pytest
from pydantic import BaseModel

from slipway.workload import PrivacyClass, Text, data_subject, personal
from slipway.workload.privacy import privacy_classes, subject_field, subject_of


class Message(BaseModel):
    text: Annotated[Text, personal()]
    diagnosis: Annotated[str | None, personal(PrivacyClass.SPECIAL)] = None
    name: Annotated[str, personal(PrivacyClass.IDENTIFIER)] | None = None
    aliases: list[Annotated[str, personal(PrivacyClass.IDENTIFIER)]] = []
    region: str = "eu"


class Named(BaseModel):
    customer: Annotated[int, data_subject()] | None = None


class TwiceNamed(Named):
    other: Annotated[str, data_subject()]


def test_each_field_has_the_class_that_its_type_declares_wherever_it_stands_in_it():
    assert privacy_classes(Message) == {
        "text": PrivacyClass.CONTENT,
        "diagnosis": PrivacyClass.SPECIAL,
        "name": PrivacyClass.IDENTIFIER,
        "aliases": PrivacyClass.IDENTIFIER,
        "region": PrivacyClass.NONE,
    }


def test_the_data_subject_is_what_the_marked_field_holds():
    assert subject_of(Named(customer=42)) == "42"
    assert subject_of(Named()) is None
    assert subject_of(Message(text="x")) is None
    assert (subject_field(Named), subject_field(Message)) == ("customer", None)


def test_two_data_subjects_are_refused():
    with pytest.raises(ValueError, match="TwiceNamed marks 2 fields as the data subject"):
        subject_field(TwiceNamed)
