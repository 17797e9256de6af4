"""What the autoscaler may see: how much waits, and for how long; nothing of whose it is, nor what it says."""

from sqlalchemy import URL, Connection

from slipway.database.engine import driver_url
from slipway.settings import Settings

SCALER_ROLE = "slipway_scaler"

COLUMNS = {
    "job_chunks": ("workload", "state", "available_at"),
    "jobs": ("state", "touched_at"),
    "webhook_endpoints": ("id", "enabled", "broken_until"),
    "webhook_deliveries": ("endpoint_id", "state", "available_at"),
    "tenants": ("id",),
    "audit_log": ("tenant_id", "xid", "at"),
    "audit_seals": ("tenant_id", "sequence", "upto_xid"),
}
"""What its queries read (`k8s/charts/slipway/files/*.sql`), by table."""


class ScalerRoleError(Exception):
    """The role of the autoscaler is not there, or not the one that is meant. The text says what to do."""


def scaler_url(settings: Settings) -> URL | None:
    """Return the URL of the autoscaler's role; None if there is none.

    Raises:
        ScalerRoleError: it is that of another role, which would come to see what it must not.
    """
    if settings.database_scaler_url is None:
        return None
    url = driver_url(settings.database_scaler_url)
    if url.username != SCALER_ROLE:
        raise ScalerRoleError(f"SLIPWAY_DATABASE_SCALER_URL must be that of the role {SCALER_ROLE}.")
    return url


def grant_scaler(connection: Connection) -> None:
    """Grant the role of the autoscaler, as the owner of the tables, exactly what it needs. Idempotent.

    This is no migration: the role is optional, and may be made when all migrations have long been run. So the grants
    are brought up to date behind them, each time. No code of ours uses the role, hence no version of it depends on
    them. The queries are another version's for as long as a release takes: a migration that takes one of the columns
    away comes a release after the queries that did without it.

    Raises:
        ScalerRoleError: there is no such role.
    """
    if connection.exec_driver_sql(f"SELECT to_regrole('{SCALER_ROLE}')").scalar() is None:
        raise ScalerRoleError(
            f"SLIPWAY_DATABASE_SCALER_URL is set, and the server has no role {SCALER_ROLE}. Run as an administrator: "
            f"CREATE ROLE {SCALER_ROLE} LOGIN PASSWORD '...'; with the password of that URL. Or give `slipway migrate` "
            "SLIPWAY_DATABASE_ADMIN_URL, and it makes the role."
        )
    # What an earlier version granted beyond this is taken back; all of it is one transaction.
    connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {SCALER_ROLE}")
    database = connection.exec_driver_sql("SELECT quote_ident(current_database())").scalar_one()
    connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {database} TO {SCALER_ROLE}")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {SCALER_ROLE}")
    for table, columns in COLUMNS.items():
        connection.exec_driver_sql(f"GRANT SELECT ({', '.join(columns)}) ON {table} TO {SCALER_ROLE}")
        _ensure_policy(connection, table)


def _ensure_policy(connection: Connection, table: str) -> None:
    found = connection.exec_driver_sql(
        "SELECT 1 FROM pg_policy WHERE polrelid = %s::regclass AND polname = 'scaler'", (table,)
    )
    if found.first() is None:
        connection.exec_driver_sql(f"CREATE POLICY scaler ON {table} FOR SELECT TO {SCALER_ROLE} USING (true)")
