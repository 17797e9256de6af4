"""The key of the blind index: what people are looked up by, without their names being stored."""

from slipway.keys.envelope import Aad, DataKey, keyed_hash, unwrap_key, wrap_key


class IndexKey:
    """A tenant's key for keyed hashes. It never changes: a pseudonym has to stay the same for ever.

    So it is no version of the tenant's key, which is replaced and destroyed; it is wrapped by the newest one.
    """

    def __init__(self, secret: bytes) -> None:
        """Keep 32 bytes."""
        self._key = DataKey(1, secret)

    @classmethod
    def derived(cls, first: DataKey) -> "IndexKey":
        """Derive it (HKDF) from the first version of the tenant's key.

        Tenants made before there was an index key have theirs from there, and processes of the release before still
        derive it while both run; afterwards it lives on without the version it came from.
        """
        return cls(first.pseudonym_key)

    @classmethod
    def unwrap(cls, parent: DataKey, wrapped: bytes, tenant: str) -> "IndexKey":
        """Open a tenant's wrapped index key.

        Raises:
            SealBroken: it was changed, is another tenant's, or was wrapped with another key.
        """
        return cls(unwrap_key(parent, wrapped, _place(tenant)).secret)

    def __repr__(self) -> str:
        return "IndexKey()"

    def wrap(self, parent: DataKey, tenant: str) -> bytes:
        """Seal it under a version of the tenant's key."""
        return wrap_key(parent, self._key, _place(tenant))

    def pseudonym(self, value: str) -> bytes:
        """Return 32 bytes that stand for a value, as `keyed_hash` does."""
        return keyed_hash(self._key.secret, value)


def _place(tenant: str) -> Aad:
    return Aad(tenant, "tenant_index_keys", "wrapped", tenant)
