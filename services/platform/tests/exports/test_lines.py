"""What is stored becomes lines that every program reads."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from slipway.exports.lines import Opener, lines_of
from slipway.exports.schemas import Page
from slipway.exports.sources import BY_NAME, label
from slipway.keys.envelope import Aad, SealBroken, new_data_key, seal

TENANT, JOB, SUBJECT, KEY = uuid4(), uuid4(), uuid4(), new_data_key()
AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def page(content: object, *, key=KEY, row: str = f"{JOB}/3") -> Page:
    """Return a page with one item, whose input and output are the same."""
    place = (str(TENANT), "job_items")
    sealed = {name: seal(key, json.dumps(content).encode(), Aad(*place, name, row)) for name in ("input", "output")}
    values = {"job_items.job_id": JOB, "job_items.subject_id": SUBJECT, "jobs.created_at": AT}
    values |= {f"job_items.{name}": value for name, value in sealed.items()}
    row_of = {label(column): values.get(label(column)) for column in BY_NAME["job_items"].given()}
    return Page("job_items", [row_of], [f"{JOB}/3"], ("job_items", str(JOB), "3"))


def line_of(content: object, **changes: object) -> dict:
    (line,) = lines_of(page(content, **changes), Opener(TENANT, {1: KEY}))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    return json.loads(line)


def test_ids_and_times_are_texts_and_what_is_not_there_is_null():
    line = line_of({"text": "one\ntwo"})
    assert UUID(line["job_items"]["subject_id"]) == SUBJECT
    assert line["jobs"]["created_at"] == "2026-01-02T03:04:05.000678+00:00"
    assert line["jobs"]["finished_at"] is None
    assert line["job_items"]["input"] == line["job_items"]["output"] == {"text": "one\ntwo"}


@pytest.mark.parametrize("text", ["Grüße, 日本", "😀", "half \ud83d of a pair", "\u2028\u0000"])
def test_every_text_comes_through(text):
    assert line_of({"text": text})["job_items"]["input"]["text"] == text


def test_what_a_person_reads_is_not_escaped():
    (line,) = lines_of(page({"text": "Grüße"}), Opener(TENANT, {1: KEY}))
    assert "Grüße".encode() in line


def test_a_value_from_elsewhere_does_not_open():
    with pytest.raises(SealBroken):
        line_of({}, row=f"{JOB}/4")


def test_a_value_of_a_key_that_is_gone_does_not_open():
    with pytest.raises(SealBroken, match="version of the subject's key that is not there"):
        line_of({}, key=new_data_key(2))
