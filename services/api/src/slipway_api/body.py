"""Reads bodies within their limits: cut off while reading, never after."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from slipway.errors import BodyTooLarge, InvalidInput, MalformedBody, RequestTimeout, UnsupportedMediaType
from slipway.settings import Settings
from slipway_api.problems import invalid_input

JSON = "application/json"
NDJSON = "application/x-ndjson"
MAX_LINE_BYTES = 2**20
"""Longest line of an NDJSON upload: what one input may hold in memory."""

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


class Body:
    """A request's body, read once: within a limit of bytes, within a time for each piece, hashed on the way."""

    def __init__(self, request: Request, settings: Settings, limit: int) -> None:
        self._request = request
        self._timeout = settings.body_timeout
        self._limit = limit
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """SHA-256 of what was read, in hex."""
        return self._hash.hexdigest()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read piece by piece.

        Raises:
            BodyTooLarge: it is over the limit, by its length header or as it arrives.
            RequestTimeout: the client went silent.
            MalformedBody: the client went away.
        """
        declared = self._request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > self._limit:
            raise self._too_large()
        stream, size = self._request.stream(), 0
        while (piece := await self._next(stream)) is not None:
            size += len(piece)
            if size > self._limit:
                raise self._too_large()
            self._hash.update(piece)
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
        content = b"".join([piece async for piece in self.pieces()])
        return parse_json(model, content)

    async def lines(self) -> AsyncIterator[tuple[int, bytes]]:
        """Read line by line; yield (number from 1, line) for each that is not blank."""
        rest, number = b"", 0
        async for piece in self.pieces():
            *complete, rest = (rest + piece).split(b"\n")
            for line in complete:
                number += 1
                if line.strip():
                    yield number, _bounded(number, line)
            _bounded(number + 1, rest)
        if rest.strip():
            yield number + 1, rest

    async def _next(self, stream: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout(self._timeout):
                return await anext(stream, None)
        except TimeoutError as error:
            detail = f"Nothing arrived for {self._timeout:g} seconds."
            raise RequestTimeout(detail, headers={"Connection": "close"}) from error
        except ClientDisconnect as error:
            raise MalformedBody("The body ended before its end.") from error

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
        raise _refused(error, line) from None


def _refused(error: ValidationError, line: int | None) -> MalformedBody | InvalidInput:
    where = "" if line is None else f"line/{line}"
    if error.error_count() > _MOST_MISTAKES:
        return InvalidInput(f"{where}#: There are {error.error_count():,} mistakes")
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    if mistakes[0]["type"] == "json_invalid":
        return MalformedBody(f"{where}: {mistakes[0]['msg']}" if where else mistakes[0]["msg"])
    return invalid_input(mistakes, f"{where}#")


def _bounded(number: int, line: bytes) -> bytes:
    if len(line) > MAX_LINE_BYTES:
        detail = f"Line {number} is longer than {MAX_LINE_BYTES:,} bytes."
        raise BodyTooLarge(detail, {"limit_bytes": MAX_LINE_BYTES})
    return line
