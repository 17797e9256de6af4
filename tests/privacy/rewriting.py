"""Makes history anew: a chain that holds by itself over entries that were changed."""

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from slipway.audit.chain import GENESIS, digest, statement
from slipway.audit.repository import entries_between, seals_after
from slipway.keys.signer import AuditSigner

if TYPE_CHECKING:
    from privacy.tampering import Stage

_ALL = 10_000
_CHANGE = "UPDATE audit_seals SET digest = %s, signature = %s, key_id = %s WHERE tenant_id = %s AND sequence = %s"


async def rewrite(stage: "Stage", random: Random, signer: AuditSigner) -> str:
    """Change an entry, and sign the chain that covers it anew with some key."""
    found = await stage.superuser.execute(
        "SELECT id, tenant_id FROM audit_log l WHERE xid < (SELECT max(upto_xid) FROM audit_seals s"
        " WHERE s.tenant_id = l.tenant_id) ORDER BY id"
    )
    entry, tenant = random.choice(await found.fetchall())
    await stage.superuser.execute("UPDATE audit_log SET actor = actor || ' was it' WHERE id = %s", (entry,))
    async with stage.database.transaction(tenant) as connection:
        seals = await seals_after(connection, 0, _ALL)
        start, previous = 0, GENESIS
        for seal in seals:
            entries = await entries_between(connection, start, seal.upto_xid)
            forged = replace(seal, digest=digest(previous, entries, seal.format), key_id=signer.key_id)
            values: tuple[Any, ...] = (forged.digest, signer.sign(statement(tenant, forged)), forged.key_id)
            await stage.superuser.execute(_CHANGE, (*values, tenant, seal.sequence))
            start, previous = seal.upto_xid, forged.digest
    return f"entry {entry} of {tenant}"
