"""Which settings open something. Every setting is in one of the lists, so that a new one has been thought about."""

from slipway.inventory.declaration import HELD, DataClass, Held, UndeclaredError, held, nothing_personal
from slipway.inventory.purposes import Purpose

SECRET_SETTINGS = {
    "database_app_url": "the tables, one tenant at a time",
    "database_system_url": "metadata of the queues, and the hashes of API keys",
    "database_owner_url": "the tables' form; of migrations and `slipway tenants`",
    "database_admin_url": "the whole database server; of `slipway migrate`",
    "database_scaler_url": "counts of what waits; of the autoscaler",
    "redis_url": "doorbells and rate counters",
    "unleash_token": "reading the feature flags",
    "unleash_admin_password": "changing the feature flags; of `slipway flags sync`",
    "unleash_admin_token": "changing the feature flags; of `slipway flags sync`",
    "log_store_password": "the logs",
}
"""What each opens. They are masked wherever settings are shown, and belong into files (`SLIPWAY_SECRETS_DIR`)."""

PATHS_TO_SECRETS = {
    "master_key_file": "the key above all others, of the local key provider",
    "tenant_keys_dir": "the keys above tenants' keys, of the local key provider",
    "vault_token_file": "the token by which Vault knows a process",
    "vault_jwt_file": "the token by which Vault knows a pod",
    "audit_key_file": "the key that signs the audit log's seals and all evidence",
}
"""Names of files: the name is no secret, the content is."""

_PLAIN = """
    environment log_level
    workload models_dir model model_variants model_precision model_threads
    database_pool_size database_timeout redis_timeout key_provider_timeout tenant_key_ttl
    api_host api_port api_fd ready_fd metrics_host metrics_port
    max_json_bytes max_upload_bytes max_predict_inputs max_json_inputs max_job_inputs max_queued_inputs
    body_timeout key_cache_ttl rate_limit_per_minute max_watchers batch_queue_inputs batch_queue_seconds
    chunk_inputs lease_seconds turn_seconds poll_seconds sweep_seconds seal_seconds drain_seconds linger_seconds
    receiving_seconds max_attempts idempotency_seconds
    max_webhooks webhook_allowed_networks webhook_ca_file webhook_timeout webhook_poll_seconds webhook_concurrency
    webhook_endpoint_concurrency webhook_breaker_failures webhook_breaker_seconds webhook_disable_seconds
    webhook_retention_seconds
    job_retention_days api_key_retention_days export_retention_days retention_every_seconds
    privacy_review_days privacy_controller privacy_contact
    key_provider key_provider_prefix kms_deletion_days
    vault_url vault_mount vault_namespace vault_ca_file vault_role vault_auth_mount
    tenant_key_days evidence_dir checkpoint_seconds erasure_rotation_seconds
    unleash_url flags_file otlp_endpoint trace_ratio traces_per_second
    log_store_url log_store_user log_store_ca_file log_store_timeout log_store_replicas log_retention_days
"""
PLAIN_SETTINGS = frozenset(_PLAIN.split())
"""Addresses, limits and times: they open nothing. Those of the controller are printed in the notice."""


def held_setting(name: str) -> Held:
    """Return what a setting holds.

    Raises:
        UndeclaredError: nobody has said so.
    """
    if name in SECRET_SETTINGS:
        info = held(DataClass.SECRET, Purpose.PROTECTION, note=f"Opens {SECRET_SETTINGS[name]}.")
    elif name in PATHS_TO_SECRETS:
        info = nothing_personal(Purpose.PROTECTION, f"Names the file with {PATHS_TO_SECRETS[name]}.")
    elif name in PLAIN_SETTINGS:
        info = nothing_personal(Purpose.OPERATING)
    else:
        raise UndeclaredError(f"The setting {name} does not say whether it is a secret: name it in {__name__}.")
    return info[HELD]  # type: ignore[no-any-return]  # `info` is of any type
