"""A backup of the database, made before the erasures; and attempts to open what is in it."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import psycopg
from privacy.people import Person

from slipway.keys.envelope import Aad, DataKey, SealBroken, open_sealed, unwrap_key
from slipway.keys.provider import KeyProvider, KeyProviderError
from slipway.keys.providers import open_provider
from slipway.keys.schemas import subject_aad
from slipway.settings import Settings
from slipway_cli.servers.placement import wheel_binaries

_DATABASE = "slipway"
_COPY = "restored_backup"
_TENANT_KEYS = "SELECT tenant_id, version, wrapped FROM tenant_keys WHERE wrapped <> ''"
_SUBJECTS = """
SELECT s.id, s.tenant_id, k.wrapped, i.job_id, i.ordinal, i.input FROM subjects s
JOIN subject_keys k ON k.subject_id = s.id JOIN job_items i ON i.subject_id = s.id
WHERE s.pseudonym IS NOT NULL
"""


@dataclass(frozen=True)
class Backup:
    """A dump, and the server that it can be restored on."""

    superuser: str
    file: Path

    @classmethod
    def of(cls, superuser: str, folder: Path) -> Self:
        """Dump the application's database."""
        file = folder / "older.dump"
        _program("pg_dump", "--format=custom", f"--file={file}", _at(superuser, _DATABASE))
        return cls(superuser, file)

    def restore(self) -> str:
        """Restore it beside the database that it is of; return where."""
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {_COPY} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {_COPY} TEMPLATE template0 ENCODING 'UTF8'")
        place = _at(self.superuser, _COPY)
        _program("pg_restore", "--exit-on-error", f"--dbname={place}", str(self.file))
        return place

    def drop(self) -> None:
        """Remove what was restored."""
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {_COPY} WITH (FORCE)")


async def opened(settings: Settings, backup: Backup, wanted: Sequence[Person], *, newest: str | None = None) -> int:
    """Return of how many people a restored backup gives away an input, with every key that is alive.

    Those are the tenants' keys as the backup has them and as the live database has them, opened by the key provider;
    and where `newest` names the live database, the people's own keys of today as well.
    """
    place = backup.restore()
    try:
        provider = open_provider(settings)
        live = _at(backup.superuser, _DATABASE)
        keys = [key for url in (place, live) for key in await _tenant_keys(provider, url)]
        wrapped = [row for url in (place, *([newest] if newest else [])) for row in _rows(url, _SUBJECTS)]
        await provider.close()
        return len(_given_away(keys, _rows(place, _SUBJECTS), wrapped).intersection(person.name for person in wanted))
    finally:
        backup.drop()


async def _tenant_keys(provider: KeyProvider, url: str) -> list[tuple[UUID, DataKey]]:
    found = []
    for tenant, _, wrapped in _rows(url, _TENANT_KEYS):
        try:
            found.append((tenant, await provider.unwrap(wrapped, tenant=str(tenant))))
        except (KeyProviderError, SealBroken):
            continue  # it was destroyed: that is what is counted on
    return found


def _given_away(keys: list[tuple[UUID, DataKey]], items: list[Any], holders: list[Any]) -> set[str]:
    """Return the names that are read in the inputs which open."""
    subject_keys: dict[UUID, list[DataKey]] = {}
    for subject, owner, wrapped, *_ in holders:
        for tenant, key in keys:
            opened_key = _unwrapped(key, wrapped, tenant, subject) if tenant == owner else None
            if opened_key:
                subject_keys.setdefault(subject, []).append(opened_key)
    names = set()
    for subject, owner, _, job, ordinal, content in items:
        for key in subject_keys.get(subject, ()):
            plain = _plain(key, content, Aad(str(owner), "job_items", "input", f"{job}/{ordinal}"))
            if plain:
                names.add(json.loads(plain)["person"])
    return names


def _unwrapped(key: DataKey, wrapped: bytes, tenant: UUID, subject: UUID) -> DataKey | None:
    try:
        return unwrap_key(key, wrapped, subject_aad(str(tenant), str(subject)))
    except SealBroken:
        return None


def _plain(key: DataKey, content: bytes, aad: Aad) -> bytes | None:
    try:
        return open_sealed(key, content, aad)
    except SealBroken:
        return None


def _rows(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()  # type: ignore[call-overload, no-any-return]  # of our own


def _at(superuser: str, database: str) -> str:
    return f"{superuser.rpartition('/')[0]}/{database}"


def _program(name: str, *arguments: str) -> None:
    subprocess.run([str(wheel_binaries() / name), *arguments], check=True, capture_output=True)
