"""A workload like the sample: plain functions, texts in, with examples in its schema."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from slipway.workload import Failure, PrivacyClass, Text, Workload, personal


class Note(BaseModel):
    """A note to be counted."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "Two words", "language": "en"}, {"text": "Three"}]}
    )

    text: Annotated[Text, personal(PrivacyClass.CONTENT)]
    language: Literal["en", "de"] | None = Field(None, description="What it is written in.")


class Count(BaseModel):
    """How long it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"words": 2}]})

    words: int = Field(ge=1)


class Notes(Workload[Note, Count]):
    """Counts words; a note that starts with `bad` fails."""

    name = "notes"
    Input = Note
    Output = Count
    max_batch: ClassVar[int] = 16

    def predict(self, batch: Sequence[Note]) -> Sequence[Count | Failure]:
        return [_answer(note) for note in batch]


def _answer(note: Note) -> Count | Failure:
    if note.text.startswith("bad"):
        return Failure("unreadable", "The note cannot be read.")
    return Count(words=len(note.text.split()))
