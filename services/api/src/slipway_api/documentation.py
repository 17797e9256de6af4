"""The OpenAPI document: request bodies that we read ourselves, and every error that a route may answer."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from slipway.errors import Problem
from slipway_api.problems import MEDIA_TYPE, ProblemDocument

DESCRIPTION = """
Send inputs, get answers: now with `POST /v1/{workload}`, or later with `POST /v1/jobs`.

Every request carries `Authorization: Bearer <API key>`. Every error is an `application/problem+json` document
(RFC 9457) whose `type` is stable and whose `trace_id` leads to the cause in the logs.
"""
_REF = "#/components/schemas/{model}"
_BODY = "x-slipway-body"


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with these problems, and with a 500."""
    return {status: _problem(status) for status in (*statuses, 500)}


def body_of(contents: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads its own body: a model for each media type."""
    return {_BODY: {media: model.model_json_schema(ref_template=_REF) for media, model in contents.items()}}


def describe(app: FastAPI) -> None:
    """Let the application's OpenAPI document include the bodies that its routes read themselves."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_bodies(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _with_bodies(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    _add_schema(schemas, ProblemDocument.model_json_schema(ref_template=_REF))
    for operation in [operation for path in document["paths"].values() for operation in path.values()]:
        bodies = operation.pop(_BODY, None)
        if bodies is not None:
            content = {media: {"schema": _add_schema(schemas, schema)} for media, schema in bodies.items()}
            operation["requestBody"] = {"required": True, "content": content}
    return document


def _add_schema(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, str]:
    """Move a schema and those it refers to into the components; return a reference to it."""
    schemas |= schema.pop("$defs", {})
    schemas[schema["title"]] = schema
    return {"$ref": _REF.format(model=schema["title"])}


def _problem(status: int) -> dict[str, Any]:
    titles = sorted({problem.title for problem in Problem.__subclasses__() if problem.status == status})
    schema = {"$ref": _REF.format(model=ProblemDocument.__name__)}
    return {"description": "; ".join(titles) or HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
