"""Which file each service gets: nothing that it does not need."""

import hashlib
from collections.abc import Mapping

from slipway_cli.secrets.certificates import Certificate
from slipway_cli.secrets.store import Store

MOUNT = "/run/slipway"
"""Where a service finds its folder."""

OWNERS = {
    "app": (10001, 10001),
    "scheduler": (10001, 10001),
    "operator": (10001, 10001),
    "flags": (10001, 10001),
    "kibana-setup": (10001, 10001),
    "log-store": (10001, 10001),
    "loadgen": (10001, 10001),
    "otelcol": (10001, 10001),
    "gateway": (65532, 65532),
    "postgres": (999, 999),
    "redis": (999, 999),
    "unleash-db": (999, 999),
    "unleash": (1000, 1000),
    "grafana": (472, 0),
    "elasticsearch": (1000, 0),
    "kibana": (1000, 0),
    "postgres-exporter": (65534, 65534),
    "redis-exporter": (59000, 59000),
}
"""User and group, by folder, as its image runs."""

Files = dict[str, dict[str, str]]
"""Content by folder and file name."""


def files(store: Store, authority: str, gateway: Certificate, postgres: Certificate) -> Files:
    """Return what every service gets, the authority's certificate included where it calls a server by TLS."""
    keys = {"master.key": store["master-key"], "audit.pem": store["audit-key"], "ca.pem": authority}
    app = {
        "slipway_database_app_url": _database(store, "app"),
        "slipway_database_system_url": _database(store, "system"),
        "slipway_redis_url": f"redis://slipway:{store['redis']}@redis:6379/0",
        **keys,
    }
    administration = {
        "slipway_database_owner_url": _database(store, "owner"),
        "slipway_database_admin_url": _url("postgres", store["postgres"], "postgres"),
    }
    log_store = {"slipway_log_store_password": store["elastic"]}
    return {
        "app": app | log_store | {"slipway_unleash_token": store["unleash-client-token"]},
        "log-store": log_store,
        "scheduler": {"slipway_redis_url": app["slipway_redis_url"]},
        "operator": app | administration,
        "flags": {
            "slipway_unleash_token": store["unleash-client-token"],
            "slipway_unleash_admin_password": store["unleash"],
        },
        "gateway": {"tls.crt": gateway.certificate, "tls.key": gateway.key},
        "postgres": {
            "password": store["postgres"],
            "monitor_password": store["monitor"],
            "server.crt": postgres.certificate,
            "server.key": postgres.key,
        },
        "redis": {"users.acl": _redis_users(store)},
        "loadgen": {"ca.pem": authority},
        **_observers(store, authority),
        **_unleash(store),
    }


def _observers(store: Store, authority: str) -> Files:
    return {
        "postgres-exporter": {"password": store["monitor"], "ca.pem": authority},
        "redis-exporter": {"passwords.json": f'{{"redis://monitor@redis:6379": "{store["redis-monitor"]}"}}'},
        "grafana": {"password": store["grafana"], "elastic_password": store["elastic"]},
        "otelcol": {"elastic_password": store["elastic"]},
        "elasticsearch": {"password": store["elastic"]},
        "kibana": {"kibana.yml": f'elasticsearch.password: "{store["kibana"]}"\n'},
        "kibana-setup": {"elastic_password": store["elastic"], "kibana_password": store["kibana"]},
    }


def _unleash(store: Store) -> Files:
    variables = {
        "DATABASE_PASSWORD": store["unleash-db"],
        # With the password alone, Unleash would keep its well-known one.
        "UNLEASH_DEFAULT_ADMIN_USERNAME": "admin",
        "UNLEASH_DEFAULT_ADMIN_PASSWORD": store["unleash"],
        "UNLEASH_SECRET": store["unleash-session"],
        "INIT_ADMIN_API_TOKENS": store["unleash-admin-token"],
        "INIT_BACKEND_API_TOKENS": store["unleash-client-token"],
    }
    return {"unleash": {"unleash.env": _environment(variables)}, "unleash-db": {"password": store["unleash-db"]}}


def _database(store: Store, role: str) -> str:
    return _url(f"slipway_{role}", store[role], "slipway")


def _url(user: str, password: str, database: str) -> str:
    verified = f"sslmode=verify-full&sslrootcert={MOUNT}/ca.pem"
    return f"postgresql://{user}:{password}@postgres:5432/{database}?{verified}"


def _redis_users(store: Store) -> str:
    # Nobody may look at other clients, rewrite the configuration, or empty the database.
    rights = {
        "slipway": (store["redis"], "~* &* +@all -@admin -@dangerous +info"),
        "monitor": (store["redis-monitor"], "+ping +info +slowlog|get +slowlog|len +latency|latest +client|setname"),
    }
    users = [
        f"user {name} on #{hashlib.sha256(password.encode()).hexdigest()} {allowed}"
        for name, (password, allowed) in rights.items()
    ]
    return "\n".join(["user default off", *users, ""])


def _environment(variables: Mapping[str, str]) -> str:
    return "".join(f"{name}='{value}'\n" for name, value in variables.items())
