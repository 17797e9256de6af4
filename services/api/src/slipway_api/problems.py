"""Turns every error into one format: RFC 9457 `application/problem+json`."""

import json
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from opentelemetry.trace import get_current_span
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from slipway import errors
from slipway.errors import Problem
from slipway.telemetry import catalogue
from slipway.telemetry.current_span import note_problem
from slipway.telemetry.tracing import current_trace_id
from slipway_api.mistakes import invalid_input

MEDIA_TYPE = "application/problem+json"
_TYPE = "https://slipway.dev/problems/"
_REJECTED: dict[type[Problem], str] = {
    errors.Unauthenticated: "unauthenticated",
    errors.MissingScope: "missing_scope",
    errors.RateLimited: "rate_limited",
    errors.QueueFull: "queue_full",
    errors.BodyTooLarge: "too_large",
    errors.RequestTimeout: "timeout",
}
"""What the metric of rejected requests calls them. The rest is counted where it is known."""


class FieldError(BaseModel):
    """One thing that is wrong with an input."""

    pointer: str = Field(
        description="Where: a JSON pointer into the body (`#/inputs/0`), behind `line/7` into a line of it; or "
        "`query/name`, `path/name`, `header/name`."
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


def document(kind: type[Problem], detail: str, trace_id: str | None) -> dict[str, Any]:
    """Return the members that every problem document has."""
    return {
        "type": _TYPE + kind.type,
        "title": kind.title,
        "status": kind.status.value,
        "detail": detail,
        "trace_id": trace_id,
    }


def problem_response(problem: Problem) -> Response:
    """Render a problem, and note it on the span of the request."""
    note_problem(get_current_span(), problem)
    content = document(type(problem), problem.detail, current_trace_id()) | problem.extra
    return Response(json.dumps(content), problem.status.value, problem.headers, MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Let the application answer every error with a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)


async def _problem(request: Request, error: Exception) -> Response:
    problem = cast("Problem", error)
    reason = _REJECTED.get(type(problem))
    if reason is not None:
        request.app.state.api.platform.metrics.inc(catalogue.REJECTED, reason=reason)
    return problem_response(problem)


async def _invalid_request(_: Request, error: Exception) -> Response:
    return problem_response(invalid_input(cast("RequestValidationError", error).errors(), ""))


async def _http_error(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses: unknown routes and methods."""
    found = cast("HTTPException", error)
    headers = dict(found.headers or {})
    if found.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted(_methods(request, headers["Allow"])))
        return problem_response(errors.MethodNotAllowed(f"Use one of: {allowed}.", headers={"Allow": allowed}))
    if found.status_code == HTTPStatus.NOT_FOUND:
        return problem_response(errors.NotFound("There is no such route. See /docs.", headers=headers))
    return problem_response(_other(found, headers))


def _methods(request: Request, named: str) -> set[str]:
    """Return all methods of the path; the framework names those of its first route only."""
    template = getattr(request.scope.get("route"), "path", "")
    documented = request.app.openapi()["paths"].get(template, {})
    return {*named.split(", "), *(method.upper() for method in documented)}


def _other(found: HTTPException, headers: dict[str, Any]) -> Problem:
    if found.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return errors.MalformedBody("The request cannot be read.", headers=headers)
    return errors.InternalError("Try again, and quote the trace id if it happens again.", headers=headers)
