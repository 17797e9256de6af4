"""What can be done to an audit log: each trick does one thing at random, and says what."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import TYPE_CHECKING, Any

from privacy.rewriting import rewrite

from slipway.keys.signer import AuditSigner, new_signing_key

if TYPE_CHECKING:
    from privacy.tampering import Stage

Trick = Callable[["Stage", Random], Awaitable[str]]

_ENTRY_VALUES = {
    "id": "id + 1000000 + {n}",
    "tenant_id": "(SELECT id FROM tenants t WHERE t.id <> l.tenant_id ORDER BY md5(t.id::text || '{n}') LIMIT 1)",
    "xid": "((l.xid::text::bigint + {n})::text)::xid8",
    "at": "CASE WHEN {n} < 50 THEN 'infinity' ELSE at + interval '{n} microseconds' END",
    "actor": "actor || '{n}'",
    "action": "'predicted.{n}'",
    "resource": "reverse(resource)",
    "detail": """detail || '{{"inputs": -{n}}}'""",
    "trace_id": "md5('{n}')",
}
_SEAL_VALUES = {
    "tenant_id": "(SELECT id FROM tenants t WHERE t.id <> s.tenant_id ORDER BY md5(t.id::text || '{n}') LIMIT 1)",
    "sequence": "sequence + 1000 + {n}",
    "upto_xid": "(CASE WHEN {n} < 50 THEN '18446744073709551615' ELSE (upto_xid::text::bigint + {n})::text END)::xid8",
    "entries": "entries + {n}",
    "digest": "sha256('{n}')",
    "signature": "signature || '{n}'::bytea",
    "key_id": "'{n}'",
    "sealed_at": "sealed_at - interval '{n} seconds'",
    "format": "format - 1",
    "checkpoint": "coalesce(checkpoint, 0) + {n}",
    "checkpoint_digest": "sha256('{n}')",
}


async def _all(stage: "Stage", query: str, *values: Any) -> list[tuple[Any, ...]]:
    return await (await stage.superuser.execute(query, values or None)).fetchall()


async def _entry(stage: "Stage", random: Random) -> int:
    (found,) = random.choice(await _all(stage, "SELECT id FROM audit_log ORDER BY id"))
    return int(found)


async def _seal(stage: "Stage", random: Random, least: int = 1) -> tuple[Any, int]:
    found = await _all(stage, "SELECT tenant_id, sequence FROM audit_seals WHERE sequence >= %s ORDER BY 1, 2", least)
    tenant, sequence = random.choice(found)
    return tenant, int(sequence)


async def edit_entry(stage: "Stage", random: Random) -> str:
    """Give a column of an entry another value."""
    column, number = random.choice(sorted(_ENTRY_VALUES)), random.randint(1, 500)
    value, entry = _ENTRY_VALUES[column].format(n=number), await _entry(stage, random)
    await stage.superuser.execute(f"UPDATE audit_log l SET {column} = {value} WHERE id = %s", (entry,))
    return f"{column} of {entry} = {value}"


async def delete_entries(stage: "Stage", random: Random) -> str:
    """Delete some entries, here and there."""
    gone = [await _entry(stage, random) for _ in range(random.randint(1, 5))]
    await stage.superuser.execute("DELETE FROM audit_log WHERE id = ANY(%s)", (gone,))
    return str(gone)


async def delete_run(stage: "Stage", random: Random) -> str:
    """Delete entries that follow one another."""
    first, length = await _entry(stage, random), random.randint(1, 30)
    await stage.superuser.execute("DELETE FROM audit_log WHERE id BETWEEN %s AND %s", (first, first + length))
    return f"{first} and {length} more"


async def swap_entries(stage: "Stage", random: Random) -> str:
    """Let two entries change places, whole or by a column."""
    one, other = await _entry(stage, random), await _entry(stage, random)
    columns = random.choice(["id", "actor", "resource", "at", "detail", "xid", "action, resource, detail, at, actor"])
    if columns == "id":
        for entry, place in ((one, -1), (other, one), (-1, other)):
            await stage.superuser.execute("UPDATE audit_log SET id = %s WHERE id = %s", (place, entry))
    else:
        theirs = ", ".join(f"b.{column.strip()}" for column in columns.split(","))
        await stage.superuser.execute(
            f"UPDATE audit_log a SET ({columns}) = (SELECT {theirs} FROM audit_log b WHERE b.id IN (%(a)s, %(b)s)"
            " AND b.id <> a.id) WHERE a.id IN (%(a)s, %(b)s) AND %(a)s <> %(b)s",
            {"a": one, "b": other},
        )
    return f"{columns} of {one} and {other}"


async def slip_in(stage: "Stage", random: Random) -> str:
    """Add an entry to those that are sealed."""
    like, number = await _entry(stage, random), -random.randint(1, 10**6)
    await stage.superuser.execute(
        "INSERT INTO audit_log (id, tenant_id, xid, at, actor, action, resource, detail)"
        " SELECT %s, tenant_id, xid, at, actor, action, resource, detail FROM audit_log WHERE id = %s",
        (number, like),
    )
    return f"{number} like {like}"


async def cut_off(stage: "Stage", random: Random) -> str:
    """Delete a tenant's newest seals, and the entries that they cover: what is left is a chain that holds."""
    tenant, sequence = await _seal(stage, random)
    await stage.superuser.execute(
        "DELETE FROM audit_log WHERE tenant_id = %(t)s AND xid >= coalesce("
        "(SELECT upto_xid FROM audit_seals WHERE tenant_id = %(t)s AND sequence = %(s)s - 1), '0')",
        {"t": tenant, "s": sequence},
    )
    await stage.superuser.execute("DELETE FROM audit_seals WHERE tenant_id = %s AND sequence >= %s", (tenant, sequence))
    return f"{tenant} from {sequence}"


async def remove_log(stage: "Stage", random: Random) -> str:
    """Remove the whole log, of one tenant or of all."""
    tenant, _ = await _seal(stage, random)
    whose = "" if random.random() < 0.2 else f" WHERE tenant_id = '{tenant}'"
    for table in random.choice([("audit_log", "audit_seals"), ("audit_log",), ("audit_seals",)]):
        await stage.superuser.execute(f"DELETE FROM {table}{whose}")
    return whose or "all"


async def edit_seal(stage: "Stage", random: Random) -> str:
    """Give a column of a seal another value."""
    column, number = random.choice(sorted(_SEAL_VALUES)), random.randint(1, 500)
    (tenant, sequence), value = await _seal(stage, random), _SEAL_VALUES[column].format(n=number)
    if column == "tenant_id":  # which has a seal of that number already
        await stage.superuser.execute(
            f"UPDATE audit_seals s SET tenant_id = {value}, sequence = sequence + 1000"
            " WHERE tenant_id = %s AND sequence = %s",
            (tenant, sequence),
        )
    else:
        await stage.superuser.execute(
            f"UPDATE audit_seals s SET {column} = {value} WHERE tenant_id = %s AND sequence = %s", (tenant, sequence)
        )
    return f"{column} of {tenant}/{sequence} = {value}"


async def delete_seal(stage: "Stage", random: Random) -> str:
    """Delete a seal, with or without its entries, and perhaps close the gap."""
    tenant, sequence = await _seal(stage, random)
    both = {"t": tenant, "s": sequence}
    if random.random() < 0.5:
        await stage.superuser.execute(
            "DELETE FROM audit_log l USING audit_seals s WHERE s.tenant_id = %(t)s AND s.sequence = %(s)s"
            " AND l.tenant_id = %(t)s AND l.xid < s.upto_xid AND l.xid >= coalesce("
            "(SELECT upto_xid FROM audit_seals WHERE tenant_id = %(t)s AND sequence = %(s)s - 1), '0')",
            both,
        )
    await stage.superuser.execute("DELETE FROM audit_seals WHERE tenant_id = %(t)s AND sequence = %(s)s", both)
    if random.random() < 0.5:
        await stage.superuser.execute(
            "UPDATE audit_seals SET sequence = -sequence WHERE tenant_id = %(t)s AND sequence > %(s)s", both
        )
        await stage.superuser.execute(
            "UPDATE audit_seals SET sequence = -sequence - 1 WHERE tenant_id = %(t)s AND sequence < 0", both
        )
    return f"{tenant}/{sequence}"


async def swap_seals(stage: "Stage", random: Random) -> str:
    """Let two seals of a tenant change places."""
    tenant, one = await _seal(stage, random)
    _, other = await _seal(stage, random)
    for sequence, place in ((one, -1), (other, one), (-1, other)):
        await stage.superuser.execute(
            "UPDATE audit_seals SET sequence = %s WHERE tenant_id = %s AND sequence = %s", (place, tenant, sequence)
        )
    return f"{tenant}: {one} and {other}"


async def forge(stage: "Stage", random: Random) -> str:
    """Edit an entry and seal all that follows again, with a key of one's own."""
    return await rewrite(stage, random, AuditSigner.parse(new_signing_key()))


async def forge_with_the_key(stage: "Stage", random: Random) -> str:
    """Edit an entry and seal all that follows again, with the very key of the installation."""
    return await rewrite(stage, random, stage.signer)


def _lines(stage: "Stage") -> tuple[Any, list[bytes]]:
    ((path, content),) = stage.files.items()
    return path, content.splitlines(keepends=True)


async def edit_checkpoints(stage: "Stage", random: Random) -> str:
    """Change a byte of a checkpoint, the newest as well."""
    path, lines = _lines(stage)
    content = bytearray(b"".join(lines))
    place = random.randrange(len(content))
    content[place] ^= random.randint(1, 255)
    path.write_bytes(content)
    return f"byte {place}"


async def move_checkpoints(stage: "Stage", random: Random) -> str:
    """Remove a checkpoint, double it, or let it change places with the next."""
    path, lines = _lines(stage)
    place = random.randrange(len(lines) - 1)
    what = random.choice(["removed", "doubled", "swapped"])
    changed = {"removed": [], "doubled": [lines[place]] * 2, "swapped": [lines[place + 1], lines[place]]}[what]
    path.write_bytes(b"".join([*lines[:place], *changed, *lines[place + (2 if what == "swapped" else 1) :]]))
    return f"{what} {place + 1}"


async def cut_checkpoints(stage: "Stage", random: Random) -> str:
    """Cut off the newest checkpoints, from one on that a seal names; or remove them all."""
    path, lines = _lines(stage)
    left = random.randrange(len(lines) - 1)
    if left:
        path.write_bytes(b"".join(lines[:left]))
    else:
        path.unlink()
    return f"{left} left"


KINDS: dict[str, Trick] = {
    trick.__name__: trick
    for trick in (
        edit_entry,
        delete_entries,
        delete_run,
        swap_entries,
        slip_in,
        cut_off,
        remove_log,
        edit_seal,
        delete_seal,
        swap_seals,
        forge,
        forge_with_the_key,
        edit_checkpoints,
        move_checkpoints,
        cut_checkpoints,
    )
}
