"""Bodies of the subject routes."""

from pydantic import BaseModel, ConfigDict, Field

from slipway_api.subjects.parameters import MAX_NAME_LENGTH


class NamedSubject(BaseModel):
    """Names a person."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"subject": "customer-4711"}]})

    subject: str = Field(
        min_length=1,
        max_length=MAX_NAME_LENGTH,
        description="As the inputs name the person; or the platform's id.",
    )
