"""Subjects and the keys that seal what is about them.

Keys are wrapped in a transaction of `Keyring.transaction`, so that no rotation misses them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.errors import NotFound
from slipway.keys import repository as key_store
from slipway.keys.envelope import DataKey, new_data_key, wrap_key
from slipway.keys.schemas import Keyset, subject_aad
from slipway.subjects import repository


@dataclass(frozen=True, slots=True)
class Subject:
    """A person by pseudonym, with the key that seals their data."""

    id: UUID
    key: DataKey


async def unnamed_subject(connection: AsyncConnection, keyset: Keyset) -> Subject:
    """Make a subject for the data that names nobody. Deleting it makes that data unreadable."""
    tenant = UUID(keyset.tenant)
    subject = Subject(await repository.add_unnamed_subject(connection, tenant), new_data_key())
    await key_store.add_subject_keys(connection, tenant, [_wrapped(keyset, subject)], wrapped_by=keyset.current.version)
    return subject


async def named_subjects(connection: AsyncConnection, keyset: Keyset, names: Collection[str]) -> dict[str, Subject]:
    """Return the subject of each name, making those that are new."""
    if not names:
        return {}
    tenant = UUID(keyset.tenant)
    pseudonyms = {name: keyset.hash(name) for name in names}
    found = await _found_or_added(connection, tenant, set(pseudonyms.values()))
    made = await _given_keys(connection, keyset, [subject for subject, wrapped in found.values() if wrapped is None])
    # Others were faster for those who were there without a key.
    faster = [hashed for hashed, (subject, wrapped) in found.items() if wrapped is None and subject not in made]
    if faster:
        found |= await repository.find_subjects(connection, tenant, faster)
    return {name: _with_key(keyset, made, *found[hashed]) for name, hashed in pseudonyms.items()}


async def find_subject(connection: AsyncConnection, keyset: Keyset, name: str) -> UUID:
    """Return the id of whom the inputs call by that name.

    Raises:
        NotFound: nothing is stored about them.
    """
    hashed = keyset.hash(name)
    found = await repository.find_subjects(connection, UUID(keyset.tenant), [hashed])
    if hashed not in found:
        raise NotFound("The tenant has no such subject: nothing is stored about anybody of that name.")
    return found[hashed][0]


async def _found_or_added(
    connection: AsyncConnection, tenant: UUID, wanted: Collection[bytes]
) -> dict[bytes, tuple[UUID, bytes | None]]:
    found: dict[bytes, tuple[UUID, bytes | None]] = {}
    # Who is there when they are added may be gone when they are looked for: the retention deletes who has nothing left.
    while missing := [each for each in wanted if each not in found]:
        found |= await repository.add_subjects(connection, tenant, missing)
        if there := [each for each in missing if each not in found]:
            found |= await repository.find_subjects(connection, tenant, there)
    return found


async def _given_keys(connection: AsyncConnection, keyset: Keyset, subjects: Collection[UUID]) -> dict[UUID, Subject]:
    """Make keys for subjects that have none; return those for whom nobody else did meanwhile."""
    if not subjects:
        return {}
    made = {each: Subject(each, new_data_key()) for each in sorted(subjects)}
    wrapped = [_wrapped(keyset, subject) for subject in made.values()]
    version = keyset.current.version
    stored = await key_store.add_subject_keys(connection, UUID(keyset.tenant), wrapped, wrapped_by=version)
    return {each: subject for each, subject in made.items() if each in stored}


def _wrapped(keyset: Keyset, subject: Subject) -> tuple[UUID, int, bytes]:
    wrapped = wrap_key(keyset.current, subject.key, subject_aad(keyset.tenant, str(subject.id)))
    return subject.id, subject.key.version, wrapped


def _with_key(keyset: Keyset, made: Mapping[UUID, Subject], subject_id: UUID, wrapped: bytes | None) -> Subject:
    if subject_id in made:
        return made[subject_id]
    if wrapped is None:
        raise LookupError(f"subject {subject_id} lost its key while it was being used")
    return Subject(subject_id, keyset.subject_key(str(subject_id), wrapped))
