import json
from typing import Annotated, ClassVar

import pytest
from pydantic import BaseModel, Field, SecretStr

from slipway.database.tables import ALL_TABLES
from slipway.inventory.notice import privacy_notice
from slipway.inventory.places import PLACES
from slipway.inventory.purposes import Purpose
from slipway.inventory.record import Record, as_json
from slipway.inventory.record_page import record_page
from slipway.inventory.redis_keys import REDIS_KEYS
from slipway.settings import Settings, variable
from slipway.telemetry.fields import FIELDS
from slipway.workload import PrivacyClass, Workload, data_subject, personal


class Visit(BaseModel):
    patient: Annotated[str, personal(PrivacyClass.IDENTIFIER), data_subject()] = Field(
        description="Number on the card."
    )
    finding: Annotated[str, personal(PrivacyClass.SPECIAL)] = Field(description="What the doctor found.")
    ward: str = Field("", description="Where.")


class Answer(BaseModel):
    code: str


class Coding(Workload[Visit, Answer]):
    name: ClassVar[str] = "coding"
    Input = Visit
    Output = Answer


class Count(BaseModel):
    number: int


class Counting(Workload[Count, Answer]):
    name: ClassVar[str] = "counting"
    Input = Count
    Output = Answer


@pytest.fixture
def configured():
    changed = {
        "privacy_controller": "Example Clinic, 1 Street, Town",
        "privacy_contact": "privacy@clinic.example",
        "job_retention_days": 7,
        "otlp_endpoint": "https://traces.example:4318/v1/traces",
    }
    return Settings().model_copy(update=changed)


@pytest.fixture
def record(configured):
    return Record.of(configured, Coding)


def entry(record, store, name):
    return next(each for each in as_json(record)["entries"] if (each["store"], each["name"]) == (store, name))


def test_the_json_has_everything_that_holds_data(record):
    found = {(each["store"], each["name"]) for each in as_json(record)["entries"]}
    assert {(table.name, column.name) for table in ALL_TABLES for column in table.c} <= found
    assert {("log line", name) for name in FIELDS} <= found
    assert {("setting", variable(name)) for name in Settings.model_fields} <= found
    assert {("Redis", key.name) for key in REDIS_KEYS} <= found
    assert {place.name for place in PLACES} <= {store for store, _ in found}
    assert json.loads(json.dumps(as_json(record))) == as_json(record)


def test_every_entry_says_all_that_a_record_needs(record):
    needed = ("class", "purpose", "basis", "form", "kept", "because", "export", "erasure")
    missing = [
        (each["store"], each["name"], key) for each in as_json(record)["entries"] for key in needed if not each[key]
    ]
    assert missing == []


def test_the_classes_of_the_workload_reach_the_columns_that_hold_its_inputs(record, configured):
    assert entry(record, "input", "finding")["class"] == "special"
    assert entry(record, "input", "ward")["class"] == "personal", "beside a name it is about that person"
    assert entry(record, "job_items", "input")["class"] == entry(record, "job_items", "output")["class"] == "special"
    counting = Record.of(configured, Counting)
    assert entry(counting, "input", "number")["class"] == "none"
    assert entry(counting, "job_items", "input")["class"] == "personal", "as whoever sends numbers may mean people"


def test_periods_are_those_of_the_installation(record):
    assert (entry(record, "job_items", "input")["days"], entry(record, "jobs", "id")["days"]) == (7, 7)
    assert entry(record, "job_items", "input")["kept"] == "7 days after the work on it is finished"
    assert entry(record, "idempotency_keys", "key")["days"] == 1
    assert entry(record, "tenants", "name")["days"] is None


def test_no_secret_of_the_settings_is_printed(configured):
    printed = configured.model_copy(update={"redis_url": SecretStr("redis://:hunter2@cache.example/0")})
    record = Record.of(printed, Coding)
    assert "cache.example" in record_page(record)
    for text in (json.dumps(as_json(record)), record_page(record), privacy_notice(record)):
        assert "hunter2" not in text


def test_the_page_has_a_section_for_each_purpose_with_its_basis(record):
    page = record_page(record)
    for purpose in Purpose:
        section = page.partition(f"## {purpose.value.title}\n")[2].partition("\n## ")[0]
        assert purpose.value.basis[1:] in section
        assert purpose.value.why in section
    assert "| job_items | `input`, `output` | special category" in page
    assert "Example Clinic, 1 Street, Town" in page
    assert "| the collector of traces | traces | `traces.example` |" in page
    assert "the log store" not in page.partition("## Recipients")[2]


def test_every_row_of_the_page_has_all_cells(record):
    rows = [line for line in record_page(record).splitlines() if line.startswith("| ") and line.count(" | ") > 3]
    assert len(rows) > 40
    assert {row.count(" | ") for row in rows} <= {3, 7}


def test_the_notice_tells_a_person_what_why_how_long_and_whom_to_ask(record):
    notice = privacy_notice(record)
    for told in (
        "Example Clinic, 1 Street, Town",
        "privacy@clinic.example",
        "- **finding** (special category (health, belief, origin, ...)): What the doctor found.",
        "Kept: 7 days after the work on it is finished",
        "data protection authority",
        "The law obliges us to.",
    ):
        assert told in notice
    assert "[" not in notice, "nothing is left to be filled in"
    for technical in ("job_items", "pseudonym", "wrapped", "`"):
        assert technical not in notice


def test_a_notice_without_a_controller_says_what_to_set():
    notice = privacy_notice(Record.of(Settings(), Coding))
    assert "[name and address: set SLIPWAY_PRIVACY_CONTROLLER]" in notice
    assert "[address for requests: set SLIPWAY_PRIVACY_CONTACT]" in notice
