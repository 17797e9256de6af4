"""The lines of the data: what is stored about a person, opened, as JSON."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from slipway.exports.schemas import Page
from slipway.exports.sources import BY_NAME, Source, label
from slipway.keys.envelope import Aad, DataKey, SealBroken, key_version, open_sealed


class Opener:
    """Opens what a subject's keys have sealed."""

    def __init__(self, tenant: UUID, keys: Mapping[int, DataKey]) -> None:
        """Keep a subject's keys, by their versions."""
        self._tenant = str(tenant)
        self._keys = keys

    def open(self, table: str, column: str, row: str, sealed: bytes) -> bytes:
        """Open a value in its place.

        Raises:
            SealBroken: it was changed or moved, or its key is gone.
        """
        key = self._keys.get(key_version(sealed))
        if key is None:
            raise SealBroken("it was sealed with a version of the subject's key that is not there")
        return open_sealed(key, sealed, Aad(self._tenant, table, column, row))


def lines_of(page: Page, opener: Opener) -> Iterator[bytes]:
    """Yield a line for each row: an object by the names of tables, in it one by the names of their columns.

    Raises:
        SealBroken: a value does not open.
    """
    source = BY_NAME[page.source]
    for row, key in zip(page.rows, page.keys, strict=True):
        yield _json(_line(source, row, key, opener)) + b"\n"


def _line(source: Source, row: Mapping[str, Any], key: str, opener: Opener) -> dict[str, dict[str, Any]]:
    line: dict[str, dict[str, Any]] = {table.name: {} for table in source.tables}
    sealed = set(source.sealed())
    for column in source.given():
        value = row[label(column)]
        if column in sealed and value is not None:
            # What a subject's key seals is JSON.
            value = json.loads(opener.open(column.table.name, column.name, key, value))
        line[column.table.name][column.name] = value
    return line


def _json(line: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(line, ensure_ascii=False, default=_text).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can write
        return json.dumps(line, default=_text).encode()


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
