"""Is the separation of tenants as it is declared? Asked of a live database's catalogue, which every role may read."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from slipway.database.bootstrap import APP_ROLE, SYSTEM_ROLE
from slipway.database.grants import GRANTS
from slipway.database.scaler import COLUMNS, SCALER_ROLE
from slipway.database.tables import ALL_TABLES

VERSION_TABLE = "alembic_version"
"""The only table that belongs to no tenant."""

_SERVING = (APP_ROLE, SYSTEM_ROLE, SCALER_ROLE)
_TENANT = "({column} = ( SELECT (NULLIF(current_setting('slipway.tenant'::text, true), ''::text))::uuid))"
_ALIAS = re.compile(r' AS "?\w+"?')
"""PostgreSQL names the column of a subquery when it shows it, and not in all versions alike."""

_RELATIONS = """
SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
"""

_POLICIES = """
SELECT polname, polrelid::regclass::text, polcmd::text, polpermissive,
    ARRAY(SELECT coalesce(r.rolname, 'PUBLIC') FROM unnest(polroles) AS o (id) LEFT JOIN pg_roles r ON r.oid = o.id),
    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
FROM pg_policy
"""

_ACLS = """
SELECT coalesce(r.rolname, 'PUBLIC'), found.relname, acl.privilege_type, found.attname, acl.is_grantable
FROM (
    SELECT relname, relowner, relacl, '*' AS attname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'
    UNION ALL
    SELECT relname, relowner, attacl, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped
) found
CROSS JOIN LATERAL aclexplode(found.relacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE acl.grantee <> found.relowner
"""

_ODDITIES = """
WITH owner AS (SELECT relowner AS id FROM pg_class WHERE oid = to_regclass('public.tenants'))
SELECT format('The role %s may go round it: it is a superuser, has BYPASSRLS, or may make roles or databases.', rolname)
FROM pg_roles WHERE (rolname = ANY (:serving) OR oid = (SELECT id FROM owner))
    AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
UNION ALL
SELECT format('The role %s is a member of %s.', pg_get_userbyid(member), pg_get_userbyid(roleid))
FROM pg_auth_members WHERE pg_get_userbyid(member)::text = ANY (:serving) OR member = (SELECT id FROM owner)
UNION ALL
SELECT format('The role %s owns something (%s).', r.rolname, classid::regclass)
FROM pg_shdepend JOIN pg_roles r ON r.oid = refobjid
WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o' AND r.rolname = ANY (:serving)
UNION ALL
SELECT format('%s belongs to another role than the other tables.', relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i' AND relowner <> (SELECT id FROM owner)
UNION ALL
SELECT format('The function %s runs with the rights of its owner.', proname) FROM pg_proc
WHERE prosecdef AND pronamespace = 'public'::regnamespace
UNION ALL
SELECT format('The role %s may create objects in the schema %s.', rolname, nspname) FROM pg_roles r, pg_namespace n
WHERE rolname = ANY (:serving) AND has_schema_privilege(r.oid, n.oid, 'CREATE')
UNION ALL
SELECT format('The role %s may create schemas or temporary tables.', rolname) FROM pg_roles r
WHERE rolname = ANY (:serving) AND has_database_privilege(r.oid, current_database(), 'CREATE, TEMPORARY')
UNION ALL
SELECT format('The role %s is granted rights on what is yet to be made.', coalesce(r.rolname, 'PUBLIC'))
FROM pg_default_acl CROSS JOIN LATERAL aclexplode(defaclacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
WHERE acl.grantee = 0 OR r.rolname = ANY (:serving)
"""


async def find_faults(connection: AsyncConnection) -> list[str]:
    """Return what is not as it is declared, a sentence each; nothing if all is.

    Declared are the tables (`slipway.database.tables`), the grants (`slipway.database.grants`), and for every table
    with a tenant: row-level security, forced; a policy `tenant` for the app role; `system` where the system role has
    grants.

    Args:
        connection: of any role, on the database that is asked about.
    """
    relations = {row[0]: row[1] for row in await connection.execute(text(_RELATIONS))}
    policies = {_policy(tuple(row)) for row in await connection.execute(text(_POLICIES))}
    acls = {tuple(row) for row in await connection.execute(text(_ACLS))}
    oddities = (await connection.execute(text(_ODDITIES), {"serving": list(_SERVING)})).scalars().all()
    return sorted([*_of_relations(relations), *_of_policies(policies), *_of_grants(acls), *oddities])


def _of_relations(found: dict[str, bool]) -> Iterator[str]:
    declared = {table.name for table in ALL_TABLES}
    for name in found.keys() - declared - {VERSION_TABLE}:
        yield f"{name} is in the schema, and not among the declared tables."
    for name in declared - found.keys():
        yield f"{name} is declared, and not in the schema."
    for name in declared & found.keys():
        if not found[name]:
            yield f"{name}: row-level security is not enabled, or does not bind the owner."


Policy = tuple[object, ...]


def _of_policies(found: set[Policy]) -> Iterator[str]:
    expected = set(_expected_policies())
    for policy in found - expected - _policies_of(SCALER_ROLE, "scaler", "r", COLUMNS):
        yield f"{policy[1]}: the policy {policy[0]} is not one that is declared, or not as it should be."
    for policy in expected - found:
        yield f"{policy[1]}: there is no policy {policy[0]} as it should be."


def _expected_policies() -> Iterator[Policy]:
    for table in ALL_TABLES:
        is_ours = _TENANT.format(column="id" if table.name == "tenants" else "tenant_id")
        yield ("tenant", table.name, "*", True, (APP_ROLE,), is_ours, is_ours)
    yield from _policies_of(SYSTEM_ROLE, "system", "*", GRANTS[SYSTEM_ROLE].keys() - {VERSION_TABLE})


def _policies_of(role: str, name: str, command: str, tables: Iterable[str]) -> set[Policy]:
    return {(name, table, command, True, (role,), "true", None) for table in tables}


def _policy(row: tuple[Any, ...]) -> Policy:
    name, table, command, permissive, roles, *conditions = row
    shown = [_ALIAS.sub("", condition) if condition else condition for condition in conditions]
    return (name, table, command, permissive, tuple(roles), *shown)


def _of_grants(found: set[tuple[Any, ...]]) -> Iterator[str]:
    passed_on = {acl[:4] for acl in found if acl[4]}
    granted, declared = {acl[:4] for acl in found}, set(_declared())
    optional = {(SCALER_ROLE, table, "SELECT", column) for table, columns in COLUMNS.items() for column in columns}
    for role, table, privilege, column in granted - declared - optional:
        yield f"{role} may {privilege} {table} ({column}): that is not declared."
    for role, table, privilege, column in declared - granted:
        yield f"{role} may not {privilege} {table} ({column}): that is declared."
    for role, table, privilege, column in passed_on:
        yield f"{role} may grant {privilege} {table} ({column}) to others."


def _declared() -> Iterator[tuple[str, str, str, str]]:
    for role, tables in GRANTS.items():
        for table, grant in tables.items():
            for privilege, column in grant.privileges():
                yield role, table, privilege, column
