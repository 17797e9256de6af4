"""Reads bodies within their limits: cut off while reading, never after."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.types import Message

from slipway.errors import BodyTooLarge, InvalidInput, MalformedBody, RequestTimeout, UnsupportedMediaType
from slipway.settings import Settings
from slipway_api.mistakes import declared_names, invalid_input

JSON = "application/json"
NDJSON = "application/x-ndjson"
MAX_LINE_BYTES = 2**20
"""Longest line of an NDJSON upload: what one input may hold in memory."""
SLOWEST_BYTES = 1024
"""Slowest that a body may come, in bytes a second, beyond the seconds that a client may be silent."""

_MOST_MISTAKES = 1_000
"""Beyond, mistakes are counted but not looked at: a body may hold a million of them."""
ModelT = TypeVar("ModelT", bound=BaseModel)


def media_type(request: Request, *accepted: str) -> str:
    """Return the media type of the body.

    Raises:
        UnsupportedMediaType: it is none of those accepted, or compressed.
    """
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found not in accepted:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(accepted)}.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body uncompressed.")
    return found


async def read_json(request: Request, settings: Settings, model: type[ModelT]) -> ModelT:
    """Read a body that is one JSON object.

    Raises:
        Problem: it is too large, no JSON, or not what the model describes.
    """
    media_type(request, JSON)
    return await Body(request, settings, settings.max_json_bytes).parse(model)


class Body:
    """A request's body, read once: within a limit of bytes, at no less than a rate, hashed on the way."""

    def __init__(self, request: Request, settings: Settings, limit: int) -> None:
        self._request = request
        self._timeout = settings.body_timeout
        self._limit = limit
        self._size = 0
        self._waited = 0.0
        self._complete = False
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """SHA-256 of what was read, in hex."""
        return self._hash.hexdigest()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read piece by piece.

        Raises:
            BodyTooLarge: it is over the limit, by its length header or as it arrives.
            RequestTimeout: the client went silent, or is too slow.
            MalformedBody: the client went away.
        """
        self._check_declared()
        while (piece := await self._next()) is not None:
            yield piece

    async def drain(self) -> None:
        """Read to the end, for the digest alone."""
        async for _ in self.pieces():
            pass

    async def parse(self, model: type[ModelT]) -> ModelT:
        """Read it all as JSON.

        Raises:
            MalformedBody: it is not JSON.
            InvalidInput: it is not what the model describes.
        """
        self._check_declared()
        content = await self._next() or b""
        if not self._complete:  # most bodies are there at once
            content = b"".join([content, *[piece async for piece in self.pieces()]])
        return parse_json(model, content)

    async def lines(self) -> AsyncIterator[tuple[int, bytes]]:
        """Read line by line; yield (number from 1, line) for each that is not blank."""
        begun, number = bytearray(), 1
        async for piece in self.pieces():
            *ends, rest = piece.split(b"\n")
            for end in ends:
                line = bytes(begun + end)
                _check_length(number, line)
                if line.strip():
                    yield number, line
                begun, number = bytearray(), number + 1
            begun += rest
            _check_length(number, begun)
        if begun.strip():
            yield number, bytes(begun)

    async def _next(self) -> bytes | None:
        """Return the next piece; None: there is none."""
        if self._complete:
            return None
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._patience()):
                message = await self._request.receive()
        except TimeoutError as error:
            detail = f"Send without pauses of {self._timeout:g} seconds, and {SLOWEST_BYTES:,} bytes a second at least."
            raise RequestTimeout(detail, headers={"Connection": "close"}) from error
        finally:
            self._waited += time.monotonic() - began
        if message["type"] == "http.disconnect":
            raise MalformedBody("The body ended before its end.")
        return self._counted(message)

    def _counted(self, message: Message) -> bytes:
        piece: bytes = message.get("body", b"")
        self._complete = not message.get("more_body", False)
        self._size += len(piece)
        if self._size > self._limit:
            raise self._too_large()
        self._hash.update(piece)
        return piece

    def _check_declared(self) -> None:
        declared = self._request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > self._limit:
            raise self._too_large()

    def _patience(self) -> float:
        """Return how many seconds the next piece may take. Only waiting counts, not what is done with the pieces."""
        return min(self._timeout, self._timeout + self._size / SLOWEST_BYTES - self._waited)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"Send at most {self._limit:,} bytes.", {"limit_bytes": self._limit})


def parse_json(model: type[ModelT], content: bytes, line: int | None = None) -> ModelT:
    """Parse and validate JSON: a body, or one line of it.

    Raises:
        MalformedBody: it is not JSON.
        InvalidInput: it is not what the model describes.
    """
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise _refused(error, line, model) from None


def _refused(error: ValidationError, line: int | None, model: type[BaseModel]) -> MalformedBody | InvalidInput:
    where = "" if line is None else f"line/{line}"
    if error.error_count() > _MOST_MISTAKES:
        return InvalidInput(f"{where}#: There are {error.error_count():,} mistakes")
    mistakes = error.errors(include_url=False, include_context=False)
    if mistakes[0]["type"] == "json_invalid":
        return MalformedBody(f"{where}: {mistakes[0]['msg']}" if where else mistakes[0]["msg"])
    return invalid_input(mistakes, f"{where}#", declared_names(model))


def _check_length(number: int, line: bytes | bytearray) -> None:
    if len(line) > MAX_LINE_BYTES:
        detail = f"Line {number} is longer than {MAX_LINE_BYTES:,} bytes."
        raise BodyTooLarge(detail, {"limit_bytes": MAX_LINE_BYTES})
