"""SQL of the exports: their rows and parts, and pages of what is held about a person. As one tenant."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Row,
    Select,
    func,
    insert,
    literal,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database import Database
from slipway.exports.models import subject_export_parts as parts
from slipway.exports.models import subject_exports as exports
from slipway.exports.schemas import Batch, Page, Part, Position, Progress
from slipway.exports.sources import BY_NAME, SOURCES, Source, label
from slipway.subjects.models import subject_requests as requests

PAGE_ROWS = 500
PAGE_BYTES = 2**18
"""A page ends with the row that fills this many bytes of sealed content: 256 KiB, and one row more at most."""

_VIEW: tuple[ColumnElement[Any], ...] = (
    exports.c.id,
    exports.c.subject_id,
    requests.c.state,
    requests.c.created_at,
    requests.c.deadline,
    exports.c.finished_at,
    exports.c.records,
    exports.c.parts,
)
_OVERDUE: LiteralString = """
    SELECT coalesce(extract(epoch FROM now() - min(deadline)), 0)::float8 FROM subject_requests
    WHERE kind = 'export' AND state IN ('received', 'held', 'running') AND deadline < now()
"""
_KEYS = text("SELECT wrapped FROM subject_keys WHERE subject_id = :subject ORDER BY version")


async def add_export(
    connection: AsyncConnection, tenant: UUID, export_id: UUID, subject: UUID, recipient: bytes
) -> None:
    """Insert an export of a request."""
    values = {"id": export_id, "tenant_id": tenant, "subject_id": subject, "recipient": recipient}
    await connection.execute(insert(exports).values(values))


async def count_exports(connection: AsyncConnection, subject: UUID) -> int | None:
    """Count the exports of a subject, whom nobody erases before this transaction ends; None if they are gone."""
    lock = text("SELECT id FROM subjects WHERE id = :subject FOR NO KEY UPDATE")
    if (await connection.execute(lock, {"subject": subject})).one_or_none() is None:
        return None
    count = select(func.count()).select_from(exports).where(exports.c.subject_id == subject)
    return int((await connection.execute(count)).scalar_one())


async def find_export(connection: AsyncConnection, subject: UUID, export_id: UUID) -> Row[Any] | None:
    """Return an export of a subject with its request's state, or None if there is none, or none any more."""
    query = select(*_VIEW).join_from(exports, requests, requests.c.id == exports.c.id)
    chosen = query.where(exports.c.id == export_id, exports.c.subject_id == subject)
    return (await connection.execute(chosen)).one_or_none()


async def read_progress(connection: AsyncConnection, export_id: UUID) -> Progress | None:
    """Return how far an export is, and the keys that its making needs; None if the person was erased."""
    columns = (exports.c.subject_id, exports.c.recipient, exports.c.position)
    counts = (exports.c.parts, exports.c.records, exports.c.data_bytes)
    found = (await connection.execute(select(*columns, *counts).where(exports.c.id == export_id))).one_or_none()
    if found is None:
        return None
    position = None if found.position is None else tuple(found.position)
    keys = await wrapped_keys(connection, found.subject_id)
    return Progress(found.subject_id, found.recipient, position, *found[3:], keys=keys)


async def wrapped_keys(connection: AsyncConnection, subject: UUID) -> list[bytes]:
    """Return all versions of a subject's key, wrapped."""
    return list((await connection.execute(_KEYS, {"subject": subject})).scalars())


async def add_part(connection: AsyncConnection, tenant: UUID, export_id: UUID, part: Part, after: Position) -> bool:
    """Insert a part with data, and note behind which rows the next begins; False if the export is gone."""
    return await _insert_parts(connection, tenant, export_id, [part], position=list(after), **_more(part, parts=1))


async def finish_export(
    connection: AsyncConnection, tenant: UUID, export_id: UUID, data: Part, ends: Sequence[Part]
) -> bool:
    """Insert the last part with data, the first and the last of all; False if the export is gone."""
    columns = {"finished_at": func.now(), **_more(data, parts=1 + len(ends))}
    return await _insert_parts(connection, tenant, export_id, [data, *ends], **columns)


async def end_export(connection: AsyncConnection, export_id: UUID) -> None:
    """Note that an export has failed: it goes at its age, and what there is of it goes now."""
    await connection.execute(parts.delete().where(parts.c.export_id == export_id))
    await connection.execute(update(exports).where(exports.c.id == export_id).values(finished_at=func.now(), parts=0))


async def overdue_seconds(database: Database) -> float:
    """Return how long ago the most overdue export of all tenants should have been there; 0: none is overdue."""
    return float((await database.run_system(_OVERDUE, {}))[0][0])


async def read_part(connection: AsyncConnection, export_id: UUID, number: int) -> bytes | None:
    """Return a part as it is sealed; None if there is no such part, or no such export any more."""
    query = select(parts.c.content).where(parts.c.export_id == export_id, parts.c.number == number)
    return (await connection.execute(query)).scalar_one_or_none()


async def read_batch(
    connection: AsyncConnection, subject: UUID, after: Position | None, rows: int = PAGE_ROWS, size: int = PAGE_BYTES
) -> Batch:
    """Return the next rows about a subject: a page of a source, and of the following ones while none is full."""
    name, *key = after or (SOURCES[0].name,)
    pages: list[Page] = []
    for source in SOURCES[SOURCES.index(BY_NAME[name]) :]:
        found = (await connection.execute(_page(source, subject, key, rows, size))).mappings().all()
        if found:
            keys = [tuple(str(row[column]) for column in _key_names(source)) for row in found]
            pages.append(Page(source.name, found, ["/".join(each) for each in keys], (source.name, *keys[-1])))
        if len(found) >= rows or _weight(found) >= size:
            return Batch(pages, complete=False)
        key = []
    return Batch(pages, complete=True)


def _weight(rows: Iterable[Mapping[Any, Any]]) -> int:
    return sum(len(value) for row in rows for value in row.values() if isinstance(value, bytes))


def _page(source: Source, subject: UUID, after: Sequence[str], rows: int, size: int) -> Select[Any]:
    """Return the statement of a page.

    Its keys are found first, by an index in whose order they are: no page reads those of another. Rows are measured
    before they are read: a page is small, however long they are.
    """
    place = (source.subject, *source.key)
    # A range of one: an equation would take the person out of the order, and the planner might follow the primary key,
    # past the rows of all others.
    keys = select(*source.key).where(source.subject.between(subject, subject), *_behind(place, subject, after))
    chosen = keys.order_by(*place).limit(rows).cte("chosen")
    weight = sum((func.coalesce(func.octet_length(column), 0) for column in source.sealed()), start=literal(0))
    weighed = _row(source, chosen, source.table, weight.label("weight"))
    before = func.sum(weighed.c.weight).over(order_by=list(chosen.c)) - weighed.c.weight
    measured = select(chosen, before.label("before")).join_from(chosen, weighed, true()).cte("measured")
    names = [column.label(name) for column, name in zip(source.key, _key_names(source), strict=True)]
    row = _row(source, measured, source.rows, *(column.label(label(column)) for column in source.given()), *names)
    order = [measured.c[column.name] for column in source.key]
    return select(row).join_from(measured, row, true()).where(measured.c.before < size).order_by(*order)


def _row(source: Source, keys: CTE, rows: FromClause, *columns: ColumnElement[Any]) -> FromClause:
    """Select from the row of each key. That it is one is said: else the planner expects many, and reads all rows."""
    same = (column == keys.c[column.name] for column in source.key)
    return select(*columns).select_from(rows).where(*same).limit(1).lateral()


def _behind(place: Sequence[ColumnElement[Any]], subject: UUID, after: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    if after:
        pairs = zip(place, (str(subject), *after), strict=True)
        values = [literal(column.type.python_type(value), column.type) for column, value in pairs]
        yield tuple_(*place) > tuple_(*values)


def _key_names(source: Source) -> list[str]:
    return [f"key {number}" for number, _ in enumerate(source.key)]


def _more(data: Part, parts: int) -> dict[str, Any]:
    return {
        "parts": exports.c.parts + parts,
        "records": exports.c.records + data.records,
        "data_bytes": exports.c.data_bytes + data.data_bytes,
    }


async def _insert_parts(
    connection: AsyncConnection, tenant: UUID, export_id: UUID, added: Iterable[Part], **columns: Any
) -> bool:
    changed = await connection.execute(update(exports).where(exports.c.id == export_id).values(columns))
    if not changed.rowcount:
        return False
    owner = {"export_id": export_id, "tenant_id": tenant}
    rows = [{**owner, "subject_id": p.subject_id, "number": p.number, "content": p.content} for p in added]
    await connection.execute(insert(parts), rows)
    return True
