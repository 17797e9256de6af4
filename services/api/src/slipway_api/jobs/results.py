"""Reads a job's results page by page, each in a short transaction of its own."""

import json
from collections.abc import AsyncIterator
from uuid import UUID

from slipway.jobs import service
from slipway.jobs.schemas import ItemResult
from slipway.jobs.sealing import ItemSealer
from slipway.keys.schemas import Keyset
from slipway.tenants.schemas import Principal
from slipway_api.state import Api

_PAGE = 500


async def read_page(
    api: Api, principal: Principal, job_id: UUID, first: int, limit: int, *, continued: bool = False
) -> list[ItemResult]:
    """Return the results from ordinal `first` on; audited, unless it continues a download.

    Raises:
        NotFound: no such job.
    """

    async def read(keyset: Keyset) -> list[ItemResult]:
        nonlocal continued
        async with api.platform.database.transaction(principal.tenant_id) as connection:
            items = await service.read_results(connection, principal, job_id, first, limit, continued=continued)
        continued = True  # a page that has to be read again has its entry in the audit log
        return ItemSealer(keyset, job_id).open_results(items)

    return await api.platform.keyring.read(principal.tenant_id, read)


async def stream_lines(api: Api, principal: Principal, job_id: UUID, page: list[ItemResult]) -> AsyncIterator[bytes]:
    """Yield all results as NDJSON, after the first page, which was read before the answer began."""
    while page:
        yield b"".join(json.dumps(as_json(result)).encode() + b"\n" for result in page)
        page = await read_page(api, principal, job_id, page[-1].ordinal + 1, _PAGE, continued=True)


async def first_lines(api: Api, principal: Principal, job_id: UUID) -> AsyncIterator[bytes]:
    """Read the first page, so that errors come before the answer begins, and return the stream of all lines."""
    return stream_lines(api, principal, job_id, await read_page(api, principal, job_id, 0, _PAGE))


def as_json(result: ItemResult) -> dict[str, object]:
    """Return a result as the API shows it."""
    return {"ordinal": result.ordinal, "state": result.state, "output": result.output, "error": result.error}
