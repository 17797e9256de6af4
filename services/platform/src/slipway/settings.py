"""Every setting of every process, in one place. Environment variables with the prefix `SLIPWAY_`."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(StrEnum):
    """Where this process runs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Validated once, when a process starts. `docs/settings.md` is generated from this class."""

    model_config = SettingsConfigDict(env_prefix="SLIPWAY_", extra="ignore", frozen=True)

    environment: Environment = Field(
        Environment.DEVELOPMENT, description="Outside development the process refuses default or missing secrets."
    )
    log_level: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe level that is logged."
    )

    workload: str = Field("triage.workload:Triage", description="Import path `module:Class` of the workload to serve.")
    models_dir: Path = Field(Path("var/models"), description="Folder of the model artifacts.")
    model: str = Field("triage", description="Artifact to serve: `name` (its newest version) or `name@version`.")
    model_precision: str = Field("int8", pattern="^(int8|fp32)$", description="Precision of the encoder.")
    model_threads: int = Field(0, ge=0, le=256, description="Threads for one prediction; 0: the workload chooses.")

    database_app_url: SecretStr = Field(
        SecretStr("postgresql://slipway_app@127.0.0.1:54320/slipway"),
        description="PostgreSQL, role that sees one tenant at a time (row-level security).",
    )
    database_system_url: SecretStr = Field(
        SecretStr("postgresql://slipway_system@127.0.0.1:54320/slipway"),
        description="PostgreSQL, role for what looks across tenants: queue metadata, key hashes.",
    )
    database_owner_url: SecretStr | None = Field(
        None, description="PostgreSQL, role that owns the tables. Only migrations and `slipway tenants` need it."
    )
    database_pool_size: int = Field(8, ge=1, le=200, description="Connections a process keeps for each of its roles.")
    database_timeout: float = Field(5.0, gt=0, le=60, description="Seconds to wait for a connection or a statement.")
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:63790/0"), description="Redis: doorbells and rate counters, all of it losable."
    )
    redis_timeout: float = Field(0.5, gt=0, le=10, description="Seconds to wait for Redis before going on without it.")

    master_key_file: Path = Field(
        Path("var/keys/master.key"), description="Key file of the local key provider (development only)."
    )
    audit_key_file: Path = Field(
        Path("var/keys/audit.pem"), description="Ed25519 key that signs the audit log's seals."
    )
    tenant_key_ttl: float = Field(300.0, gt=0, le=300, description="Seconds an unwrapped tenant key stays in memory.")

    api_host: str = Field("127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(8000, ge=1, le=65535, description="Port the API listens on.")
    metrics_host: str = Field("127.0.0.1", description="Address of the metrics and probes port; never public.")
    metrics_port: int = Field(9100, ge=1, le=65535, description="Port for `/metrics` (and the worker's probes).")
    max_json_bytes: int = Field(8 * 2**20, ge=1024, description="Largest JSON body, in bytes.")
    max_upload_bytes: int = Field(64 * 2**20, ge=1024, description="Largest NDJSON upload, in bytes.")
    max_predict_inputs: int = Field(64, ge=1, le=1000, description="Most inputs of one `POST /v1/{workload}`.")
    max_json_inputs: int = Field(1_000, ge=1, le=10_000, description="Most inputs of a job posted as JSON.")
    max_job_inputs: int = Field(10_000, ge=1, description="Most inputs of a job uploaded as NDJSON.")
    body_timeout: float = Field(
        30.0, gt=0, le=600, description="Seconds a client may stay silent while it sends a body."
    )
    key_cache_ttl: float = Field(
        5.0, gt=0, le=5, description="Seconds an API key's check is remembered; a revoked key dies within this time."
    )
    rate_limit_per_minute: int = Field(
        6_000, ge=1, description="Requests a minute that one API key may make before 429 answers it."
    )
    batch_queue_inputs: int = Field(1_024, ge=1, description="Inputs that may wait for the model before 503 answers.")
    batch_wait: float = Field(0.002, ge=0, le=1, description="Longest wait, in seconds, for a batch to fill up.")

    chunk_inputs: int = Field(64, ge=1, le=1_000, description="Inputs of a job that one lease covers.")
    lease_seconds: float = Field(30.0, ge=1, description="Seconds after which an unrenewed lease is lost.")
    turn_seconds: float = Field(10.0, gt=0, description="Seconds that one doorbell keeps a worker going.")
    poll_seconds: float = Field(3.0, gt=0, description="Seconds between a worker's own looks for work.")
    sweep_seconds: float = Field(5.0, gt=0, description="Seconds between two sweeps for expired leases.")
    seal_seconds: float = Field(1.0, gt=0, description="Seconds between two seals of the audit log.")
    drain_seconds: float = Field(20.0, gt=0, description="Seconds a stopping process may take to finish its work.")
    receiving_seconds: float = Field(300.0, gt=0, description="Seconds after which a silent upload is abandoned.")
    max_attempts: int = Field(3, ge=1, le=100, description="Attempts of a single message before it is a dead letter.")
    idempotency_seconds: float = Field(86_400.0, gt=0, description="Seconds an Idempotency-Key is remembered.")

    unleash_url: str | None = Field(None, description="Unleash server; without it the bootstrap file decides.")
    unleash_token: SecretStr | None = Field(None, description="Client token for the Unleash server.")
    flags_file: Path | None = Field(None, description="Flag bootstrap file; default: the one that ships with Slipway.")
    otlp_endpoint: str | None = Field(None, description="OTLP/HTTP endpoint for traces; without it none are exported.")
    trace_ratio: float = Field(1.0, ge=0, le=1, description="Share of traces that are sampled.")

    @model_validator(mode="after")
    def _no_default_secret_outside_development(self) -> Self:
        if self.environment is Environment.DEVELOPMENT:
            return self
        secrets = ("database_app_url", "database_system_url", "redis_url")
        missing = [f"SLIPWAY_{name.upper()}" for name in secrets if name not in self.model_fields_set]
        if missing:
            raise ValueError(f"outside development these must be set: {', '.join(missing)}")
        return self
