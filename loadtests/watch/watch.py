"""Looks at a release once a second, and writes `cluster.ndjson`."""

import asyncio
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any, Self

import httpx

from loadtests.watch.failure import WatchError
from loadtests.watch.ledger import Ledger, Look
from loadtests.watch.prometheus import Prometheus
from loadtests.watch.proxy import open_proxy

_EVERY_SECONDS = 1.0
_SELDOM = 5
"""Events and the clock are looked at in every so many-th look."""
_TRY_SECONDS = 60.0
"""What a Prometheus is asked for at the beginning, so that a wrong address is told before the run."""
_FORBIDDEN, _UNKNOWN = 403, 404


class Watch:
    """Records Deployments, autoscalers, pods and events of a release for as long as the `async with` lasts.

    It begins when the first look is written, and ends with the last. A look that fails is written as a gap, with its
    reason, and the next one is taken.
    """

    def __init__(
        self,
        *,
        namespace: str,
        release: str,
        file: Path,
        context: str | None = None,
        prometheus: str | None = None,
    ) -> None:
        """Say what to watch.

        Args:
            namespace: of the release.
            release: its name, as in `helm list`.
            file: is written anew; `prometheus.ndjson` beside it.
            context: of the kubeconfig; None: its current one.
            prometheus: an address, or `NAMESPACE/SERVICE:PORT` to go through the API server; None: there is none.
        """
        self._release, self._context, self._path = release, context, file
        self._namespace = namespace
        self._prometheus = Prometheus(prometheus, namespace) if prometheus else None
        self._ledger, self._over = Ledger(), asyncio.Event()
        self._began = self._seen = 0.0
        self._looks = 0
        self._clock: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        """Begin; a WatchError says when the release is not there, or may not be read."""
        async with AsyncExitStack() as stack:
            self._api = await stack.enter_async_context(open_proxy(self._context))
            self._file: IO[str] = stack.enter_context(self._path.open("w", encoding="utf-8"))
            await self._first_look()
            if self._prometheus:
                await self._prometheus.between(self._began - _TRY_SECONDS, self._began, self._api)
            self._task = asyncio.create_task(self._keep_looking())
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exception: object) -> None:
        async with self._stack:
            self._over.set()
            await self._task
            await self._look()
            if self._prometheus:
                await self._ask_prometheus(self._prometheus)

    async def _ask_prometheus(self, prometheus: Prometheus) -> None:
        """Write what it knew. Without its answer the run is still whole: no verdict is made of it."""
        try:
            lines = await prometheus.between(self._began, time.time(), self._api)
        except WatchError as error:
            self._write([{"at": time.time(), "kind": "gap", "seconds": 0.0, "why": str(error)}])
            return
        self._path.with_name("prometheus.ndjson").write_text(_lines(lines), encoding="utf-8")

    async def _first_look(self) -> None:
        self._began = self._seen = time.time()
        try:
            look = await self._ask()
        except httpx.HTTPStatusError as error:
            raise WatchError(_refused(error, self._namespace)) from None
        except httpx.HTTPError as error:
            raise WatchError(f"The API server does not answer: {_reason(error)}.") from None
        if not look.deployments:
            raise WatchError(
                f"Namespace {self._namespace} has no Deployment of a release {self._release}: "
                "--namespace and --release say where it is (`helm list --all-namespaces`)."
            )
        self._write(self._ledger.lines(look))

    async def _keep_looking(self) -> None:
        due = time.monotonic()
        while True:
            due = max(due + _EVERY_SECONDS, time.monotonic())
            try:
                await asyncio.wait_for(self._over.wait(), due - time.monotonic())
            except TimeoutError:
                await self._look()
            else:
                return

    async def _look(self) -> None:
        try:
            look = await self._ask()
            self._write(self._ledger.lines(look))
            self._seen = look.at
            if self._looks % _SELDOM == 0:
                self._write(self._clock)
                await self._look_at_events()
        except (httpx.HTTPError, ValueError) as error:
            now = time.time()
            self._write([{"at": now, "kind": "gap", "seconds": now - self._seen, "why": _reason(error)}])
        self._looks += 1

    async def _ask(self) -> Look:
        ours = {"labelSelector": f"app.kubernetes.io/instance={self._release}"}
        asked = (
            self._list("apis/apps/v1", "deployments", ours),
            self._list("apis/autoscaling/v2", "horizontalpodautoscalers", {}),
            self._list("api/v1", "pods", ours),
        )
        deployments, autoscalers, pods = await asyncio.gather(*asked)
        return Look(time.time(), deployments, autoscalers, pods)

    async def _look_at_events(self) -> None:
        self._write(self._ledger.news(self._began, await self._list("api/v1", "events", {})))

    async def _list(self, group: str, plural: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
        began = time.time()
        answer = await self._api.get(f"{group}/namespaces/{self._namespace}/{plural}", params=parameters)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        self._clock = list(_clock(answer, began, time.time()))
        return found

    def _write(self, records: Iterable[dict[str, Any]]) -> None:
        self._file.write(_lines(records))
        self._file.flush()


def _clock(answer: httpx.Response, began: float, ended: float) -> Iterator[dict[str, Any]]:
    """Yield what an answer says of the API server's clock, if it does."""
    if stamp := answer.headers.get("Date"):
        # The header counts whole seconds: half a second is its mean error.
        theirs = parsedate_to_datetime(stamp).timestamp() + 0.5
        yield {"at": ended, "kind": "clock", "ahead_s": round((began + ended) / 2 - theirs, 2)}


def _lines(records: Iterable[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _refused(error: httpx.HTTPStatusError, namespace: str) -> str:
    status = error.response.status_code
    if status == _FORBIDDEN:
        return (
            f"This user may not list Deployments, autoscalers and pods in namespace {namespace}: {error.response.text}"
        )
    if status == _UNKNOWN:
        return f"The cluster does not know {error.request.url.path}: autoscaling/v2 came with Kubernetes 1.23."
    return f"The API server answered {status}: {error.response.text[:300]}"
