"""Unwrapped tenant keys, kept in memory for minutes so that the key provider is not asked for each request."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

IdT = TypeVar("IdT", bound=Hashable)
KeyT = TypeVar("KeyT")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[KeyT]):
    key: KeyT
    expires: float
    timer: asyncio.TimerHandle


class TenantKeyCache(Generic[IdT, KeyT]):
    """Loads each key once, however many ask at the same time. Belongs to one event loop.

    A key stays for `ttl` seconds after it was loaded, whether it is used or not, and then leaves the memory by itself;
    of more than `size` keys the one that was unused for longest goes. A failed load is not remembered: all who wait get
    its exception, the next tries again.
    """

    def __init__(
        self,
        load: Callable[[IdT], Awaitable[KeyT]],
        ttl: float,
        size: int = 1_024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the parts; `load` unwraps what is kept under one id, `clock` counts seconds and never goes back."""
        self._load, self._ttl, self._size, self._clock = load, ttl, size, clock
        self._entries: OrderedDict[IdT, _Entry[KeyT]] = OrderedDict()
        self._loading: dict[IdT, asyncio.Task[KeyT]] = {}

    async def get(self, key_id: IdT) -> KeyT:
        """Return a key, from memory or through `load`, whose exceptions pass through."""
        entry = self._entries.get(key_id)
        if entry is not None and entry.expires > self._clock():
            self._entries.move_to_end(key_id)
            return entry.key
        task = self._loading.get(key_id) or self._start(key_id)
        return await asyncio.shield(task)

    def forget(self, key_id: IdT) -> None:
        """Drop a key, and the result of a load that still runs."""
        self._drop(key_id)
        self._loading.pop(key_id, None)

    def replace(self, key_id: IdT, outdated: KeyT) -> None:
        """Drop a key if it is this very one; one that was loaded since stays."""
        entry = self._entries.get(key_id)
        if entry is not None and entry.key is outdated:
            self._drop(key_id)

    def _start(self, key_id: IdT) -> asyncio.Task[KeyT]:
        task = asyncio.ensure_future(self._fetch(key_id))
        self._loading[key_id] = task
        task.add_done_callback(lambda done: self._keep(key_id, done))
        return task

    async def _fetch(self, key_id: IdT) -> KeyT:
        return await self._load(key_id)

    def _keep(self, key_id: IdT, task: asyncio.Task[KeyT]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if self._loading.get(key_id) is not task:
            return
        del self._loading[key_id]
        if failed:
            return
        self._drop(key_id)
        # A timer, as nobody may ask again: an open key of a tenant that is idle has no business in memory.
        timer = asyncio.get_running_loop().call_later(self._ttl, self._drop, key_id)
        self._entries[key_id] = _Entry(task.result(), self._clock() + self._ttl, timer)
        if len(self._entries) > self._size:
            self._drop(next(iter(self._entries)))

    def _drop(self, key_id: IdT) -> None:
        entry = self._entries.pop(key_id, None)
        if entry is not None:
            entry.timer.cancel()
