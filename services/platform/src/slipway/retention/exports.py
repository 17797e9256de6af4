"""The retention of exports: parts first, which are large, then what they were parts of."""

from dataclasses import replace
from typing import LiteralString

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.retention import policies
from slipway.retention.schemas import Deleted, Position, Seen, Window

# What nobody could finish is a copy as well, as far as it came. Whoever is at it still finds it gone, and gives up.
_DUE: LiteralString = "(e.finished_at < :cutoff OR e.finished_at IS NULL AND r.created_at < :cutoff)"

_DELETE_PARTS = text(f"""
    DELETE FROM subject_export_parts WHERE (export_id, number) IN (
        SELECT p.export_id, p.number FROM subject_exports e
        JOIN subject_requests r ON r.id = e.id
        JOIN subject_export_parts p ON p.export_id = e.id
        WHERE {_DUE} LIMIT :limit FOR UPDATE OF e SKIP LOCKED
    )
""")  # noqa: S608  # a condition of our own

_DELETE_EXPORTS = text(f"""
    DELETE FROM subject_exports WHERE id IN (
        SELECT e.id FROM subject_exports e JOIN subject_requests r ON r.id = e.id
        WHERE {_DUE} AND NOT EXISTS (SELECT FROM subject_export_parts p WHERE p.export_id = e.id)
        LIMIT :limit FOR UPDATE OF e SKIP LOCKED
    )
""")  # noqa: S608  # the same

_PAGE = text(f"""
    SELECT coalesce(e.finished_at, r.created_at) AS since, e.id, e.parts
    FROM subject_exports e JOIN subject_requests r ON r.id = e.id
    WHERE {_DUE} AND (CAST(:after_at AS timestamptz) IS NULL
        OR (coalesce(e.finished_at, r.created_at), e.id) > (:after_at, CAST(:after_id AS uuid)))
    ORDER BY 1, 2 LIMIT :limit
""")  # noqa: S608  # the same


class Exports:
    """Exports that were ready, had failed, or were asked for in vain, long ago.

    A hold keeps what they were made of, not the copies.
    """

    policy = policies.EXPORTS

    async def delete(self, connection: AsyncConnection, window: Window, after: Position) -> Deleted:  # noqa: ARG002  # the rows before it are gone
        """Delete up to `at_once` parts, and of what is without parts then as many as may still go."""
        found = await self._run(connection, _DELETE_PARTS, window)
        found += await self._run(connection, _DELETE_EXPORTS, replace(window, at_once=window.at_once - found))
        return Deleted(found, () if found == window.at_once else None)

    async def look(self, connection: AsyncConnection, window: Window, after: Position) -> Seen:
        """Count a page of exports, with their parts."""
        after_at, after_id = after or (None, None)
        parameters = {"cutoff": window.cutoff, "limit": window.at_once, "after_at": after_at, "after_id": after_id}
        page = (await connection.execute(_PAGE, parameters)).all()
        place = (page[-1].since, page[-1].id) if len(page) == window.at_once else None
        due = len(page) + sum(export.parts for export in page)
        return Seen(due, 0, page[0].since if page else None, place)

    async def _run(self, connection: AsyncConnection, statement: TextClause, window: Window) -> int:
        return (await connection.execute(statement, {"cutoff": window.cutoff, "limit": window.at_once})).rowcount
