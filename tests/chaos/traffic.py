"""The traffic of a run: every order is sent, followed and settled, whatever breaks meanwhile."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import psycopg

from chaos.client import JSON, NDJSON, Client, document, lines, pause, told
from chaos.options import Options
from chaos.orders import Fate, JobOrder, Repeat, texts
from chaos.records import Records, Submission
from chaos.stage import Stage
from chaos.window import Window

_ACCEPTED, _CREATED_OR_GONE = 202, (204, 404)
_BUSY, _CONFLICT, _MISMATCH = 429, 409, 422
_LOOK_SECONDS = 0.25
_TRICKLE_SECONDS = 0.25
_COPIES = 5
_STORED_PART = 500
_UPLOAD_SECONDS = 10.0

Kill = Callable[[], Awaitable[None]]


class Traffic:
    """Plays the clients of all tenants."""

    def __init__(self, stage: Stage, options: Options, records: Records) -> None:
        url = stage.stack.api_url
        self._clients = [[Client(url, token, records) for token in tokens] for tokens in stage.tokens]
        self._window: Window = stage.window
        self._options = options
        self._records = records
        self._over = asyncio.Event()

    async def aclose(self) -> None:
        """Close all clients."""
        for clients in self._clients:
            for client in clients:
                await client.aclose()

    async def play(self, orders: list[JobOrder], start: float) -> None:
        """Send the orders at their times after `start`, a monotonic time; return when each is settled."""
        async with asyncio.TaskGroup() as group:
            for order in orders:
                if not order.interrupted:
                    group.create_task(self._follow(order, start))

    async def trickle(self) -> None:
        """Predict and look at jobs now and then, until `stop`."""
        rng = random.Random(self._options.seed)
        while not self._over.is_set():
            await asyncio.sleep(_TRICKLE_SECONDS)
            client = rng.choice(rng.choice(self._clients))
            body = document(["Where is my parcel?"])
            headers = {"Content-Type": JSON}
            await client.call("POST", "/v1/triage", route="predict", content=body, headers=headers)
            known = [submission for submission in self._records.accepted() if submission.ended is None]
            if known:
                seen = rng.choice(known)
                await self._client(seen.order).call("GET", f"/v1/jobs/{seen.jobs[0]}", route="read")

    def stop(self) -> None:
        """End the trickle."""
        self._over.set()

    async def interrupted(self, order: JobOrder, kill: Kill) -> tuple[int, "asyncio.Task[None]"]:
        """Upload an order, and kill the API in the middle of it.

        Returns how many of its messages were stored when the API was killed, and the task that sends it again until
        it is accepted.
        """
        submission = self._begin(order)
        body, stored = lines(texts(self._options.seed, order)), [0]
        killed = asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            cut = body.rfind(b"\n", 0, len(body) * 9 // 10) + 1
            yield body[:cut]
            stored[0] = await self._stored(submission)
            await kill()
            killed.set()
            yield body[cut:]

        submission.sent += 1
        path, headers = self._request(submission)
        await self._client(order).call("POST", path, route="upload", content=slowly(), headers=headers)
        submission.unknown += 1
        if not killed.is_set():
            await kill()
        return stored[0], asyncio.create_task(self._settle(submission, body))

    async def _stored(self, submission: Submission) -> int:
        give_up = time.monotonic() + _UPLOAD_SECONDS
        while time.monotonic() < give_up:
            with contextlib.suppress(psycopg.Error):  # down by another fault: look again
                if (stored := await asyncio.to_thread(self._window.received, submission.trace)) >= _STORED_PART:
                    return stored
            await asyncio.sleep(_LOOK_SECONDS / 5)
        return 0

    async def _follow(self, order: JobOrder, start: float) -> None:
        await asyncio.sleep(max(0.0, start + order.at - time.monotonic()))
        submission = self._begin(order)
        found = texts(self._options.seed, order)
        body = lines(found) if order.ndjson else document(found)
        if order.repeat is Repeat.AT_ONCE:
            await asyncio.gather(*(self._settle(submission, body) for _ in range(_COPIES)))
        else:
            await self._settle(submission, body)
        if submission.accepted:
            await self._go_on(submission, body)

    async def _go_on(self, submission: Submission, body: bytes) -> None:
        """Do what the owner does with a job that was accepted."""
        order = submission.order
        if order.repeat is Repeat.LATER:
            await self._settle(submission, body)
        if order.repeat is Repeat.CHANGED:
            await self._send_another(submission, body)
        if order.fate in (Fate.CANCELLED, Fate.DELETED):
            await self._until(submission, lambda job: job["state"] != "queued")
            await self._end(submission)
        if order.fate is Fate.RETRIED:
            await self._until(submission, lambda job: job["state"] == "completed")
            await self._retry(submission)

    def _begin(self, order: JobOrder) -> Submission:
        trace = f"{random.Random(f'trace {self._options.seed} {order.number}').getrandbits(127) + 1:032x}"
        submission = Submission(order, trace)
        self._records.submissions.append(submission)
        return submission

    def _client(self, order: JobOrder) -> Client:
        return self._clients[order.tenant][order.key]

    def _request(self, submission: Submission) -> tuple[str, dict[str, str]]:
        order = submission.order
        headers = {
            "Content-Type": NDJSON if order.ndjson or order.interrupted else JSON,
            "traceparent": f"00-{submission.trace}-{1:016x}-01",
        }
        if order.keyed:
            headers["Idempotency-Key"] = submission.trace
        return f"/v1/jobs?priority={order.priority}", headers

    async def _settle(self, submission: Submission, body: bytes) -> None:
        """Send a job until it is accepted."""
        path, headers = self._request(submission)
        client = self._client(submission.order)
        while True:
            submission.sent += 1
            answer = await client.call("POST", path, route="submit", content=body, headers=headers)
            if answer is not None and answer.status_code == _ACCEPTED:
                submission.jobs.append(told(answer)["id"])
                submission.total = told(answer)["total"]
                return
            if answer is None or answer.status_code >= 500:
                submission.unknown += 1
            elif answer.status_code not in (_BUSY, _CONFLICT):
                raise RuntimeError(f"A job was refused with {answer.status_code}: {answer.text[:300]}")
            if self._over.is_set():
                return
            await pause(answer)

    async def _send_another(self, submission: Submission, body: bytes) -> None:
        path, headers = self._request(submission)
        changed = body.replace(b"(ref ", b"(not ref ", 1)
        while not self._over.is_set():
            answer = await self._client(submission.order).call(
                "POST", path, route="submit", content=changed, headers=headers
            )
            if answer is not None and answer.status_code < 500 and answer.status_code not in (_BUSY, _CONFLICT):
                submission.mismatches += answer.status_code != _MISMATCH
                return
            await pause(answer)

    async def _until(self, submission: Submission, holds: Callable[[dict[str, object]], bool]) -> None:
        client, path = self._client(submission.order), f"/v1/jobs/{submission.jobs[0]}"
        while not self._over.is_set():
            answer = await client.call("GET", path, route="read")
            if answer is not None and answer.status_code == 200 and holds(told(answer)):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _end(self, submission: Submission) -> None:
        """Cancel or delete, until told that it is done, or that it cannot be."""
        fate, path = submission.order.fate, f"/v1/jobs/{submission.jobs[0]}"
        submission.may_have_ended = True
        while True:
            answer = await self._send_end(submission, path)
            if answer is not None and fate is Fate.DELETED and answer.status_code in _CREATED_OR_GONE:
                submission.ended = fate
                return
            if answer is not None and fate is Fate.CANCELLED and answer.status_code == 200:
                submission.ended = fate
                submission.answered_at_end = told(answer)["succeeded"] + told(answer)["dead"]
                return
            if answer is not None and answer.status_code == _CONFLICT:
                return  # completed before: it stays as it is
            if self._over.is_set():
                return
            await pause(answer)

    async def _send_end(self, submission: Submission, path: str) -> httpx.Response | None:
        client = self._client(submission.order)
        if submission.order.fate is Fate.DELETED:
            return await client.call("DELETE", path, route="delete")
        return await client.call("POST", f"{path}/cancel", route="cancel")

    async def _retry(self, submission: Submission) -> None:
        path, headers = f"/v1/jobs/{submission.jobs[0]}/retry", {"Idempotency-Key": f"retry-{submission.trace}"}
        while not self._over.is_set():
            answer = await self._client(submission.order).call("POST", path, route="retry", headers=headers)
            if answer is not None and answer.status_code == _ACCEPTED:
                submission.retries += 1
                return
            if answer is not None and answer.status_code < 500 and answer.status_code not in (_BUSY, _CONFLICT):
                raise RuntimeError(f"A retry was refused with {answer.status_code}: {answer.text[:300]}")
            await pause(answer)
