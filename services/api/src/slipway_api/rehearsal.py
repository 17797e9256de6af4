"""A request before the first: what a process does only once, it does before anybody waits for it."""

import asyncio
import json
from copy import copy
from dataclasses import replace
from uuid import UUID, uuid4

from fastapi import FastAPI
from starlette.datastructures import State
from starlette.types import Message, Scope

from slipway.audit.buffer import AuditBuffer
from slipway.errors import Unauthenticated, Unavailable
from slipway.telemetry.logs import get_logger
from slipway.telemetry.metrics import Metrics
from slipway.tenants.authenticator import Authenticator
from slipway.tenants.schemas import Principal
from slipway.tenants.schemas import Scope as Permission
from slipway.tenants.token import new_token
from slipway.workload.loader import AnyWorkload
from slipway_api.state import Api

_TIMES = 6
"""The driver lets PostgreSQL prepare a statement when it comes for the sixth time on a connection."""
_LONGEST_SECONDS = 2.0
"""For all of it. A store that hangs must not keep the process from starting."""
_NOBODY = UUID(int=0)
_UNSAMPLED = b"00-%s-%s-00"

log = get_logger(__name__)


class _Understudy(Authenticator):
    """Looks a key up that nobody has, and lets it pass. No connection of the server's ever meets it."""

    async def authenticate(self, text: str) -> Principal:
        try:
            return await super().authenticate(text)
        except Unauthenticated:
            return Principal(_NOBODY, f"rehearsal-{uuid4().hex}", frozenset({Permission.PREDICT}))


async def rehearse(app: FastAPI, api: Api) -> None:
    """Send the application predictions of the workload's own example, all the way from its first middleware.

    They open the connection to Redis, make the routes' lazy parts, and run the model as requests do. They come from
    nobody, and are not counted, traced or audited as requests. Where the workload has no example, they are refused for
    their body. What is away (PostgreSQL, Redis) is found away, as by any request.

    Last of all the keys in force are read, as what is known of a key holds for seconds only.
    """
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            for _ in range(_TIMES):
                # In a task, and so in a context, of its own.
                await asyncio.create_task(_play(app, _stage(api)))
            await api.authenticator.learn()
    except Unavailable:
        log.warning("rehearsal.without_keys")  # each is looked up when it comes
    except TimeoutError:
        log.warning("rehearsal.broken_off")
    except Exception:
        log.exception("rehearsal.failed")  # so will requests, and each will say so; the probes go on


def _stage(api: Api) -> Api:
    """Return the parts with stand-ins for what would remember the request."""
    platform = api.platform
    return replace(
        api,
        platform=replace(platform, metrics=Metrics()),
        authenticator=_Understudy(platform.database, platform.settings),
        audit=AuditBuffer(platform.database, platform.workload.name),
    )


async def _play(app: FastAPI, api: Api) -> None:
    understudy = copy(app)  # with the same routes and middlewares
    understudy.state = State({"api": api})
    body = _body(api.platform.workload)
    unread = [body]

    async def receive() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        return await asyncio.Future()  # the client waits for its answer

    async def send(_: Message) -> None:
        """Nobody is there to hear it."""

    await understudy(_scope(api, body), receive, send)


def _scope(api: Api, body: bytes) -> Scope:
    path = f"/v1/{api.platform.workload.name}"
    trace = _UNSAMPLED % (uuid4().hex.encode(), uuid4().hex[:16].encode())
    headers = {
        b"host": b"localhost",
        b"authorization": b"Bearer %s" % str(new_token()).encode(),
        b"content-type": b"application/json",
        b"content-length": b"%d" % len(body),
        b"traceparent": trace,
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": list(headers.items()),
        "client": None,
        "server": None,
        "state": {},
    }


def _body(workload: AnyWorkload) -> bytes:
    """Return a request with the first example of the workload's input; without one, a request with no inputs."""
    examples = workload.Input.model_json_schema().get("examples", [])
    return json.dumps({"inputs": examples[:1]}).encode()
