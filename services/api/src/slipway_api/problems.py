"""Turns every error into one format: RFC 9457 `application/problem+json`."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from slipway import errors
from slipway.errors import InvalidInput, Problem
from slipway.telemetry.tracing import current_trace_id

MEDIA_TYPE = "application/problem+json"
_TYPE = "https://slipway.dev/problems/"
_SHOWN = 20


class FieldError(BaseModel):
    """One thing that is wrong with an input."""

    pointer: str = Field(
        description="Where: a JSON pointer into the body, or `query/name`, `path/name`, `header/name`."
    )
    code: str = Field(description="What kind of mistake, for programs.")
    detail: str = Field(description="What to do about it, for people.")


class ProblemDocument(BaseModel):
    """Every error looks like this."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Stable identifier of the kind of problem.", examples=[_TYPE + "not-found"])
    title: str
    status: int
    detail: str
    trace_id: str | None = Field(description="Quote it when you ask for help.")
    errors: list[FieldError] | None = Field(None, description="With `invalid-input`: the first 20 mistakes.")


def problem_response(problem: Problem) -> Response:
    """Render a problem."""
    document = {
        "type": _TYPE + problem.type,
        "title": problem.title,
        "status": problem.status.value,
        "detail": problem.detail,
        "trace_id": current_trace_id(),
        **problem.extra,
    }
    return Response(json.dumps(document), problem.status.value, problem.headers, MEDIA_TYPE)


def invalid_input(mistakes: Sequence[ErrorDetails], *prefix: str | int) -> InvalidInput:
    """Describe what pydantic found, without repeating any of the input."""
    shown = [
        {
            "pointer": "/".join(str(part) for part in (*prefix, *mistake["loc"])),
            "code": mistake["type"],
            "detail": mistake["msg"],
        }
        for mistake in mistakes[:_SHOWN]
    ]
    first = shown[0]
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return InvalidInput(f"{first['pointer']}: {first['detail']}{more}", {"errors": shown})


def handle_problems(app: FastAPI) -> None:
    """Let the application answer every error with a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)


async def _problem(_: Request, error: Exception) -> Response:
    return problem_response(cast("Problem", error))


async def _invalid_request(_: Request, error: Exception) -> Response:
    return problem_response(invalid_input(cast("RequestValidationError", error).errors()))


async def _http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses: unknown routes and methods."""
    found = cast("HTTPException", error)
    headers = dict(found.headers or {})
    if found.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted(_methods(request)))
        return problem_response(errors.MethodNotAllowed(f"Use one of: {allowed}.", headers={"Allow": allowed}))
    if found.status_code == HTTPStatus.NOT_FOUND:
        return problem_response(errors.NotFound("There is no such route. See /docs.", headers=headers))
    return problem_response(_other(found, headers))


def _methods(request: Request) -> set[str]:
    """Return all methods of the path; the framework names those of the first route only."""
    template = request.scope["route"].path
    return {method.upper() for method in request.app.openapi()["paths"].get(template, {})}


def _other(found: HTTPException, headers: dict[str, Any]) -> Problem:
    if found.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return errors.MalformedBody("The request cannot be read.", headers=headers)
    return errors.InternalError("Try again, and quote the trace id if it happens again.", headers=headers)
