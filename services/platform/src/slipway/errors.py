"""Every error that a caller may see: RFC 9457 problem types, stable and without internals."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818  # RFC 9457 calls it a problem
    """An error with a type that callers may branch on. Subclasses are the catalogue."""

    detail: str
    """One sentence that says what to do about it."""
    extra: dict[str, Any] = field(default_factory=dict)
    """More members of the problem document."""
    headers: dict[str, str] = field(default_factory=dict)

    type: ClassVar[str]
    title: ClassVar[str]
    status: ClassVar[HTTPStatus]

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}"


class MalformedBody(Problem):
    """The body is not what its content type says."""

    type, title, status = "malformed-body", "The body cannot be read", HTTPStatus.BAD_REQUEST


class Unauthenticated(Problem):
    """No valid API key."""

    type, title, status = "unauthenticated", "A valid API key is needed", HTTPStatus.UNAUTHORIZED


class MissingScope(Problem):
    """A valid API key that may not do this."""

    type, title, status = "missing-scope", "This API key may not do that", HTTPStatus.FORBIDDEN


class NotFound(Problem):
    """No such thing, or not the caller's."""

    type, title, status = "not-found", "Not found", HTTPStatus.NOT_FOUND


class MethodNotAllowed(Problem):
    """The route exists, with other methods."""

    type, title, status = "method-not-allowed", "This method is not allowed here", HTTPStatus.METHOD_NOT_ALLOWED


class Conflict(Problem):
    """The resource is in a state that does not allow this."""

    type, title, status = "conflict", "This is not possible now", HTTPStatus.CONFLICT


class RequestInProgress(Problem):
    """The first request with this Idempotency-Key still runs."""

    type, title, status = "request-in-progress", "The first request with this key still runs", HTTPStatus.CONFLICT


class BodyTooLarge(Problem):
    """The body is over the limit; it was not read to its end."""

    type, title, status = "body-too-large", "The body is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaType(Problem):
    """The content type is not one that this route reads."""

    type, title = "unsupported-media-type", "This content type is not supported"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class InvalidInput(Problem):
    """The request was understood, and its content is not valid; `errors` lists where."""

    type, title, status = "invalid-input", "The input is not valid", HTTPStatus.UNPROCESSABLE_ENTITY


class IdempotencyMismatch(Problem):
    """The same Idempotency-Key came with another request."""

    type, title = "idempotency-mismatch", "This key was used for another request"
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class RateLimited(Problem):
    """The caller is over its rate."""

    type, title, status = "rate-limited", "Too many requests", HTTPStatus.TOO_MANY_REQUESTS


class QueueFull(Problem):
    """As much of the tenant's work is unfinished as may be."""

    type, title, status = "queue-full", "Too much of your work is waiting", HTTPStatus.TOO_MANY_REQUESTS


class RequestTimeout(Problem):
    """The client stopped sending in the middle of a body."""

    type, title, status = "request-timeout", "The body did not arrive in time", HTTPStatus.REQUEST_TIMEOUT


class InternalError(Problem):
    """A defect of ours. The trace id leads to it in the logs."""

    type, title, status = "internal-error", "Something went wrong on our side", HTTPStatus.INTERNAL_SERVER_ERROR


class Unavailable(Problem):
    """A part that is needed does not answer, or is switched off."""

    type, title, status = "unavailable", "Not available right now", HTTPStatus.SERVICE_UNAVAILABLE


class Overloaded(Problem):
    """More work waits than the queue may hold."""

    type, title, status = "overloaded", "Too much work is waiting", HTTPStatus.SERVICE_UNAVAILABLE


class ModelTimeout(Problem):
    """The model did not answer within the workload's time limit."""

    type, title, status = "model-timeout", "The model did not answer in time", HTTPStatus.GATEWAY_TIMEOUT
