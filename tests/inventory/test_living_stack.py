"""What the whole stack holds while it works, beside what is declared: names of keys in Redis, and files."""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Self
from uuid import uuid4

import httpx
import pytest
import redis

from slipway.inventory.places import PLACES
from slipway.inventory.redis_keys import REDIS_KEYS, redis_key
from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

_DEADLINE = 60.0


class Watched:
    """Every key that any command to a Redis server names, from now on."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.names: set[str] = set()
        self.commands: set[str] = set()
        self._listening, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(_DEADLINE)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.client.ping()  # so that the listener has something to wake up for
        self._thread.join(_DEADLINE)
        assert not self._thread.is_alive()

    def _listen(self) -> None:
        with self.client.monitor() as monitor:
            self._listening.set()
            for seen in monitor.listen():
                # What Redis would not print, it escapes.
                self._note(seen["command"].encode("latin-1", "replace").decode("unicode_escape").split())
                if self._over.is_set():
                    return

    def _note(self, words: list[str]) -> None:
        if words[0] == "COMMAND":
            return  # our own question of below
        self.commands.add(words[0].upper())
        try:
            self.names |= set(self.client.execute_command("COMMAND GETKEYS", *words))
        except redis.ResponseError:
            return  # a command without keys


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[LocalStack]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_WORKLOAD", "checksum:Checksum")
        patch.setenv("SLIPWAY_SWEEP_SECONDS", "1")
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        with LocalStack(tmp_path_factory.mktemp("var"), any_ports=True) as running:
            yield running


@pytest.fixture(scope="module")
def keys_at_work(stack) -> set[str]:
    """Names of the keys that were touched while inputs were answered, at once and as a job."""
    client = redis.Redis.from_url(stack.settings.redis_url.get_secret_value())
    token = asyncio.run(new_token(stack.settings, f"tenant-{uuid4()}"))
    headers = {"Authorization": f"Bearer {token}"}
    with Watched(client) as watched, httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as api:
        watched.names |= {name.decode() for name in client.scan_iter()}
        pages = [{"page": "b25l", "patient": "canary.patient@example.org"}] * 50
        assert api.post("/v1/checksum", json={"inputs": pages}).status_code == 200
        lines = "\n".join(json.dumps(page) for page in pages)
        sent = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "canary.patient@example.org"}
        job = api.post("/v1/jobs", content=lines, headers=sent).headers["Location"]
        ends = time.monotonic() + _DEADLINE
        while api.get(job).json()["progress"] < 1 or not watched.names >= {"unacked", "slipway.checksum"}:
            assert time.monotonic() < ends, f"seen so far: {sorted(watched.names)}"
            time.sleep(0.1)
        watched.names |= {name.decode() for name in client.scan_iter()}
    assert {"INCRBY", "LPUSH"} <= watched.commands
    return watched.names


def test_every_key_that_redis_is_given_is_declared(keys_at_work):
    assert sorted(name for name in keys_at_work if redis_key(name) is None) == []


def test_every_declared_key_is_one_that_there_is(keys_at_work):
    assert {found.name for name in keys_at_work if (found := redis_key(name))} == {key.name for key in REDIS_KEYS}


def test_every_file_that_the_stack_leaves_lies_in_a_declared_place(stack, keys_at_work):
    declared = {path for place in PLACES for path in place.paths}
    found = {path.name for path in stack.folder.root.iterdir()}
    assert {"postgres", "keys", "logs"} <= found
    assert sorted(found - declared) == []
