"""A client that goes away frees the model for others."""

import asyncio
import base64
import json

from checksum import Checksum


def request(caller, *pages: bytes) -> bytes:
    body = json.dumps({"inputs": [{"page": base64.b64encode(page).decode()} for page in pages]}).encode()
    lines = [
        "POST /v1/checksum HTTP/1.1",
        "Host: localhost",
        f"Authorization: {caller.http.headers['Authorization']}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def until(condition) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


async def test_what_a_client_left_behind_is_not_predicted(start, new_caller, dial):
    server = await start()
    caller = await new_caller(server)
    first, gone, last = [await dial(server) for _ in range(3)]

    def queued() -> float:
        labels = {"workload": "checksum"}
        return server.platform.metrics.registry.get_sample_value("slipway_batch_queue_inputs", labels)

    first.send(request(caller, b"hang, departure"))
    await until(lambda: b"hang, departure" in Checksum.seen)
    gone.send(request(caller, *[b"gone, departure"] * 5))
    await until(lambda: queued() == 5)
    gone.writer.close()
    await until(lambda: queued() == 0)

    assert (await first.answer()).status == 504
    last.send(request(caller, b"last"))
    assert (await last.answer()).status == 200
    assert b"gone, departure" not in Checksum.seen
