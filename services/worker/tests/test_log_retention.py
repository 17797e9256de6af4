import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from slipway_worker.celery import EXPIRE_LOGS, create_celery

OLD, TODAY = "slipway-logs-2020.01.01", "slipway-logs-2999.01.01"


@dataclass
class Store:
    """Answers as Elasticsearch does, and remembers what it was asked."""

    port: int = 0
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(_length(head))
                method, path, _ = head.decode().split(" ", 2)
                self.asked.append(f"{method} {path.partition('?')[0]}")
                rows = [{"index": OLD}, {"index": TODAY}]
                body = json.dumps(rows if "_cat" in path else {"acknowledged": True}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def was_asked(self, question: str, times: int) -> None:
        async with asyncio.timeout(60):
            while self.asked.count(question) < times:
                await asyncio.sleep(0.02)


def _length(head: bytes) -> int:
    named = [line.split(b":", 1) for line in head.lower().split(b"\r\n") if b":" in line]
    return int(dict(named).get(b"content-length", b"0"))


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    store = Store()
    server = await asyncio.start_server(store.serve, "127.0.0.1", 0)
    store.port = server.sockets[0].getsockname()[1]
    yield store
    server.close()


async def test_a_worker_deletes_old_days_by_itself_and_when_the_scheduler_says_so(start, store, small_settings):
    settings = small_settings.model_copy(
        update={"workload": "checksum:Checksum", "log_store_url": f"http://127.0.0.1:{store.port}"}
    )
    worker = await start(settings=settings)
    await store.was_asked(f"DELETE /{OLD}", 1)
    await worker.reaches('slipway_log_indices_deleted_total{outcome="deleted"}', 1)

    await asyncio.to_thread(create_celery(settings).send_task, EXPIRE_LOGS, retry=False)

    await store.was_asked(f"DELETE /{OLD}", 2)
    assert f"DELETE /{TODAY}" not in store.asked
    assert await worker.stop() == 0


def test_the_scheduler_says_so_once_an_hour(small_settings):
    schedule = create_celery(small_settings).conf.beat_schedule
    assert [entry["schedule"] for entry in schedule.values() if entry["task"] == EXPIRE_LOGS] == [3600.0]
