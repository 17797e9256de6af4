"""Fixtures of the exports' tests: people with jobs, and whoever asks for what is held of them."""

import io
import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from slipway.composition import Platform
from slipway.exports import service
from slipway.exports.archive import DATA, unpack
from slipway.exports.exporter import Exporter
from slipway.exports.package import decrypt_parts, head
from slipway.jobs.consumer import Consumer
from slipway.jobs.intake import Intake, Order
from slipway.keys.schemas import Keyset
from slipway.subjects.rights import find_subject
from slipway.tenants.schemas import Principal

KEEP = timedelta(days=7)


@dataclass
class Requester:
    """A tenant that is asked by people what it holds of them."""

    platform: Platform
    principal: Principal
    key: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)

    async def take_in(self, *pages: tuple[str | None, bytes]) -> UUID:
        """Accept a job of pages, each about a person; None: about nobody."""
        order = Order(self.platform.workload.name, 5, 4, 10**6, None, None)
        intake = Intake(self.platform.database, self.platform.keyring, self.principal, order)
        for person, page in pages:
            await intake.add(self.platform.workload.Input(page=page, patient=person))
        await intake.close(b"")
        return intake.job_id

    async def work(self) -> None:
        """Have every job run to its end."""
        while await Consumer(self.platform).turn():
            pass

    async def subject(self, person: str) -> UUID:
        """Return the id of a person, by name or by that id."""
        tenant = self.principal.tenant_id
        keyset = await self.platform.keyring.keyset(tenant)
        async with self.platform.database.transaction(tenant) as connection:
            return (await find_subject(connection, keyset, person)).id

    async def ask(self, person: str) -> UUID:
        """Ask for a person's export; return its id."""
        tenant, subject = self.principal.tenant_id, await self.subject(person)
        async with self.platform.keyring.transaction(tenant) as (connection, keyset):
            return await service.request_export(connection, self.principal, keyset, subject, self.key.public_key())

    async def make(self) -> None:
        """Do what a worker does, until no export waits."""
        await Exporter(self.platform).work()

    async def fetch(self, person: str, export_id: UUID) -> bytes:
        """Return a package, as its requester gets it."""
        tenant, subject = self.principal.tenant_id, await self.subject(person)
        async with self.platform.database.transaction(tenant) as connection:
            package = await service.fetch_export(connection, self.principal, subject, export_id, KEEP)

        async def read(number: int, keyset: Keyset) -> bytes:
            async with self.platform.database.transaction(tenant) as connection:
                return await service.read_part(connection, keyset, package, number)

        keyset = await self.platform.keyring.keyset(tenant)
        return head(export_id) + b"".join([await read(number, keyset) for number in range(package.parts)])

    async def export(self, person: str, folder: Path) -> list[dict[str, Any]]:
        """Ask for an export, have it made, fetch it, and open it into a folder; return its lines."""
        export_id = await self.ask(person)
        await self.make()
        return self.open(await self.fetch(person, export_id), folder)

    def open(self, package: bytes, folder: Path) -> list[dict[str, Any]]:
        """Open a package into a folder; return its lines."""
        unpack(decrypt_parts(io.BytesIO(package), self.key), folder)
        return [json.loads(line) for line in (folder / DATA).read_bytes().splitlines()]


@pytest.fixture
def requester(platform: Platform, principal: Principal) -> Requester:
    """A tenant that holds something of people."""
    return Requester(platform, principal)


@pytest.fixture
def other(platform: Platform, stranger: Principal) -> Requester:
    """Another tenant, which may hold something of people of the same names."""
    return Requester(platform, stranger)
