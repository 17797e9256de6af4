"""A stack is set back to an older copy of its database: who was erased since is gone before anybody is let in."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from privacy.erasing import ENVIRONMENT
from privacy.people import Person, Population, people
from privacy.scanning import Marks

from slipway_cli.keys import new_token
from slipway_cli.stack.local import LocalStack

PEOPLE, ERASED = 12, 3


@pytest.fixture
def up(tmp_path, monkeypatch):
    """A function that starts the stack in the test's folder, again and again."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    workloads = str(Path(__file__).parents[1] / "workloads")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([workloads, *sys.path]))

    @contextmanager
    def start() -> Iterator[LocalStack]:
        with LocalStack(tmp_path / "var", any_ports=True) as stack:
            yield stack

    return start


def client(stack: LocalStack, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=stack.api_url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


async def known(stack: LocalStack, token: str, everybody: list[Person]) -> list[bool]:
    """Return of each person whether the stack knows them by name."""
    async with client(stack, token) as http:
        found = [await http.post("/v1/subjects/lookup", json={"subject": person.name}) for person in everybody]
    return [answer.status_code == httpx.codes.OK for answer in found]


async def plant(stack: LocalStack, token: str, everybody: list[Person], marks: Marks) -> None:
    async with client(stack, token) as http:
        await Population(http).plant([(person, marks) for person in everybody])


async def erase(stack: LocalStack, token: str, doomed: list[Person]) -> None:
    async with client(stack, token) as http:
        await Population(http).look_up(doomed)
        await Population(http).erase(doomed)


async def counts(stack: LocalStack, token: str) -> tuple[int, int]:
    async with client(stack, token) as http:
        return await Population(http).counts()


def set_back(data: Path, copy: Path) -> None:
    """Put an older copy in the place of PostgreSQL's data, as it is, owners and all."""
    place = data.resolve()
    subprocess.run(["rm", "-rf", str(place)], check=True)
    subprocess.run(["cp", "-a", str(copy), str(place)], check=True)


@pytest.mark.timeout(400)
def test_who_was_erased_stays_so_in_a_database_that_was_set_back(up, tmp_path):
    marks = Marks(3)
    everybody = people(marks, PEOPLE)
    expected = [False] * ERASED + [True] * (PEOPLE - ERASED)
    with up() as stack:
        token = asyncio.run(new_token(stack.settings, "restoring"))
        asyncio.run(plant(stack, token, everybody, marks))
        data = stack.folder.postgres
    subprocess.run(["cp", "-a", str(data.resolve()), str(tmp_path / "older")], check=True)
    with up() as stack:
        asyncio.run(erase(stack, token, everybody[:ERASED]))
        assert asyncio.run(known(stack, token, everybody)) == expected
    set_back(data, tmp_path / "older")
    with up() as stack:
        assert asyncio.run(known(stack, token, everybody)) == expected
        assert asyncio.run(counts(stack, token)) == (2 * (PEOPLE - ERASED), 2 * (PEOPLE - ERASED))
        assert "erasure.replayed" in stack.folder.log("worker").read_text()
