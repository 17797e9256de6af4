"""The OpenAPI document: request bodies that we read ourselves, and every error that a route may answer."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from slipway.errors import (
    BodyTooLarge,
    InternalError,
    InvalidInput,
    MalformedBody,
    MissingScope,
    Problem,
    RateLimited,
    RequestTimeout,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from slipway_api.body import JSON, NDJSON
from slipway_api.problems import MEDIA_TYPE, ProblemDocument, document

DESCRIPTION = """
Send inputs, get answers: now with `POST /v1/{workload}`, or later with `POST /v1/jobs`.

Every request carries `Authorization: Bearer <API key>`. Every error is an `application/problem+json` document
(RFC 9457) whose `type` is stable and whose `trace_id` leads to the cause in the logs.
"""
AUTHENTICATED = (Unauthenticated, MissingScope, RateLimited, Unavailable)
"""What any route with a key and a scope may answer."""
READS_BODY = (MalformedBody, RequestTimeout, BodyTooLarge, UnsupportedMediaType, InvalidInput)
"""What any route with a body may answer."""

_REF = "#/components/schemas/{model}"
_BODY = "x-slipway-body"
_LINES = {"type": "string", "description": "One input a line, each like one of `inputs` in the JSON body."}
_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with these problems, and with a 500."""
    every: tuple[type[Problem], ...] = (*kinds, InternalError)
    by_status: dict[int | str, list[type[Problem]]] = {}
    for kind in every:
        by_status.setdefault(kind.status.value, []).append(kind)
    return {status: _response(of_status) for status, of_status in by_status.items()}


def body_of(model: type[BaseModel], *, lines: bool = False) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that reads its own body: JSON, and where it may be, lines of inputs."""
    return {_BODY: {JSON: model.model_json_schema(ref_template=_REF)} | ({NDJSON: _LINES} if lines else {})}


def describe(app: FastAPI) -> None:
    """Let the application's OpenAPI document include the bodies that its routes read themselves."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_bodies(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _with_bodies(openapi: dict[str, Any]) -> dict[str, Any]:
    schemas = openapi["components"]["schemas"]
    _add_schema(schemas, ProblemDocument.model_json_schema(ref_template=_REF))
    for operation in [operation for path in openapi["paths"].values() for operation in path.values()]:
        bodies = operation.pop(_BODY, None)
        if bodies is not None:
            content = {media: _content(schemas, schema) for media, schema in bodies.items()}
            operation["requestBody"] = {"required": True, "content": content}
    return openapi


def _content(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "title" not in schema:
        return {"schema": schema}
    examples = {str(number): {"value": example} for number, example in enumerate(schema.get("examples", []), 1)}
    return {"schema": _add_schema(schemas, schema)} | ({"examples": examples} if examples else {})


def _add_schema(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, str]:
    """Move a schema and those it refers to into the components; return a reference to it."""
    schemas |= schema.pop("$defs", {})
    schemas[schema["title"]] = schema
    return {"$ref": _REF.format(model=schema["title"])}


def _response(kinds: list[type[Problem]]) -> dict[str, Any]:
    content = {
        "schema": {"$ref": _REF.format(model=ProblemDocument.__name__)},
        "examples": {kind.type: {"value": document(kind, kind.__doc__ or kind.title, _TRACE_ID)} for kind in kinds},
    }
    return {"description": "; ".join(kind.title for kind in kinds), "content": {MEDIA_TYPE: content}}
