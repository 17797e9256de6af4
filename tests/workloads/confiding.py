"""A workload that tells all it was told: in exceptions, failures, log lines and warnings, as careless code does."""

import asyncio
import logging
import warnings
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from slipway.workload import Failure, PrivacyClass, Text, Workload, data_subject, personal


class Mail(BaseModel):
    """One way to reach a person."""

    kind: Literal["mail"]
    address: str


class Phone(BaseModel):
    """The other way."""

    kind: Literal["phone"]
    number: str


class Confession(BaseModel):
    """What somebody said."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "Nothing to confess", "person": "jane@example.org"}]}
    )

    text: Annotated[Text, personal(PrivacyClass.SPECIAL)]
    person: Annotated[str | None, personal(PrivacyClass.IDENTIFIER), data_subject()] = None
    contact: Annotated[Mail | Phone, Field(discriminator="kind"), personal(PrivacyClass.IDENTIFIER)] | None = None
    sins: Annotated[dict[str, int], personal(PrivacyClass.SPECIAL)] = Field(default_factory=dict)

    @field_validator("text")
    @classmethod
    def _is_told(cls, value: str) -> str:
        if value.startswith("refuse"):
            raise ValueError(f"{value} is nothing that we want to hear")
        return value


class Penance(BaseModel):
    """What follows."""

    words: str


class Confiding(Workload[Confession, Penance]):
    """The first word of a text decides: `raise`, `chain`, `fail`, `log`, `warn`, `forget`, `hang`, or an answer."""

    name = "confiding"
    Input = Confession
    Output = Penance
    max_batch: ClassVar[int] = 8
    time_limit: ClassVar[float] = 1.0

    async def predict(self, batch: Sequence[Confession]) -> Sequence[Penance | Failure]:
        for item in batch:
            await _misbehave(item.text)
        return [_answer(item) for item in batch]


async def _misbehave(text: str) -> None:
    match text.partition(" ")[0]:
        case "raise":
            raise RuntimeError(text)
        case "chain":
            _chain(text)
        case "log":
            logging.getLogger("confiding").error("Cannot bear %s", text, extra={"confession": text})
            logging.getLogger("confiding").warning(text)
            logging.getLogger(text).warning(text)
        case "warn":
            warnings.warn(text, stacklevel=1)
        case "forget":
            asyncio.get_running_loop().call_soon(int, text)
        case "hang":
            await asyncio.sleep(30)


def _chain(text: str) -> None:
    try:
        {}[text]
    except KeyError as error:
        raise ValueError(text) from error


def _answer(item: Confession) -> Penance | Failure:
    if item.text.startswith("fail"):
        return Failure("unbearable", f"We cannot bear {item.text}.")
    return Penance(words=item.text)
