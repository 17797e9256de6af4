"""Bodies of the subject routes."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, create_model

from slipway.workload.loader import AnyWorkload
from slipway_api.subjects.parameters import MAX_NAME_LENGTH


class NamedSubject(BaseModel):
    """Names a person."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"subject": "customer-4711"}]})

    subject: str = Field(
        min_length=1, max_length=MAX_NAME_LENGTH, description="The tenant's own name of the person, as inputs have it."
    )


class SubjectChange(BaseModel):
    """What is to apply to a person; what is absent or null stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"restricted": True}]})

    restricted: StrictBool | None = Field(
        None, description="Whether their data are only stored: neither processed nor shown. GDPR Art. 18."
    )
    objected: StrictBool | None = Field(
        None, description="Whether they object: nothing about them is processed any more. GDPR Art. 21."
    )


class NewExport(BaseModel):
    """Asks for an export."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"public_key": "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="}]},
    )

    public_key: str = Field(
        min_length=1,
        max_length=1_000,
        description="Your X25519 public key, to which the package is encrypted: PEM, or its 32 bytes in base64.",
    )


def correction_model(workload: AnyWorkload) -> type[BaseModel]:
    """Return the model of a correction of one of a workload's inputs."""
    config = ConfigDict(extra="forbid", json_schema_extra=_example(workload.Input))
    corrected: Any = (workload.Input, Field(description="The right input, whole."))
    return create_model(
        f"{workload.name.title().replace('-', '')}Correction",
        __config__=config,
        job_id=(UUID, Field(description="The job that has the wrong input.")),
        ordinal=(int, Field(ge=0, le=2**31 - 1, description="Its place in the job, from 0.")),
        input=corrected,
    )


def _example(model: type[BaseModel]) -> dict[str, Any]:
    examples = model.model_json_schema().get("examples")
    place = {"job_id": "7d1f1a0e-6a9f-4f7d-9a59-3b0b8a1f0c11", "ordinal": 3}
    return {"examples": [place | {"input": examples[0]}]} if examples else {}
