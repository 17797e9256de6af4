"""Subjects without keys, found by the name itself."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.keys.envelope import new_data_key
from slipway.keys.schemas import Keyset
from slipway.subjects import repository
from slipway.subjects.service import Subject

_UNUSED = new_data_key()
"""Nothing is sealed with it: a subject of the product's has a key."""


async def add_unnamed(connection: AsyncConnection, keyset: Keyset) -> Subject:
    """Make a subject for the data that names nobody, in the place of `unnamed_subject`."""
    return Subject(await repository.add_unnamed_subject(connection, UUID(keyset.tenant)), _UNUSED)


async def find_or_add(connection: AsyncConnection, keyset: Keyset, names: Collection[str]) -> dict[str, Subject]:
    """Return the subject of each name, making those that are new, in the place of `named_subjects`."""
    if not names:
        return {}
    tenant, wanted = UUID(keyset.tenant), {name.encode(): name for name in names}
    found = await repository.add_subjects(connection, tenant, wanted)
    if there := [stored for stored in wanted if stored not in found]:
        found |= await repository.find_subjects(connection, tenant, there)
    return {name: Subject(found[stored][0], _UNUSED) for stored, name in wanted.items()}
