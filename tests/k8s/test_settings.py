"""`config.settings` takes what docs/settings.md has, but for secrets and what the chart sets by values of its own."""

import re

import jsonschema_rs
import pytest

from slipway.settings import Settings, variable

SECRETS = re.compile(r"_(PASSWORD|TOKEN)$|^SLIPWAY_(DATABASE_[A-Z]+|REDIS)_URL$")
ELSEWHERE = {
    "SLIPWAY_ENVIRONMENT",
    "SLIPWAY_LOG_LEVEL",
    "SLIPWAY_UNLEASH_URL",
    "SLIPWAY_OTLP_ENDPOINT",
    "SLIPWAY_LOG_STORE_URL",
    "SLIPWAY_DRAIN_SECONDS",
    "SLIPWAY_LINGER_SECONDS",
}
"""Those with values of their own: `config`, and `drain` of API and workers."""
FIXED = {
    "SLIPWAY_MASTER_KEY_FILE",
    "SLIPWAY_AUDIT_KEY_FILE",
    "SLIPWAY_TENANT_KEYS_DIR",
    "SLIPWAY_EVIDENCE_DIR",
    "SLIPWAY_API_PORT",
    "SLIPWAY_API_FD",
    "SLIPWAY_READY_FD",
    "SLIPWAY_METRICS_PORT",
}
"""Those on which the pods' own form relies: mounted files and folders, ports, descriptors given by another process."""
ALL = {variable(name) for name in Settings.model_fields}


@pytest.fixture(scope="module")
def taken(schema):
    return schema["$defs"]["settings"]["propertyNames"]["enum"]


def test_every_setting_can_be_given_but_secrets_and_what_is_given_elsewhere(taken):
    assert ALL >= ELSEWHERE | FIXED
    assert set(taken) == {name for name in ALL - ELSEWHERE - FIXED if not SECRETS.search(name)}
    assert len(taken) > 40


def test_no_secret_can_be_given(taken):
    secret = {variable(name) for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}
    assert len(secret) > 5
    assert secret & set(taken) == set()


@pytest.mark.parametrize("name", ["SLIPWAY_MODELS", "SLIPWAY_REDIS_URL", "MY_OWN", "SLIPWAY_SECRETS_DIR"])
def test_what_is_no_setting_is_refused(schema, values, name):
    given = {**values, "config": {**values["config"], "settings": {name: "x"}}}
    assert not jsonschema_rs.validator_for(schema).is_valid(given)


def test_the_pool_that_connections_are_counted_by_is_the_default(sources):
    pool = Settings.model_fields["database_pool_size"].default
    assert f'"SLIPWAY_DATABASE_POOL_SIZE" {pool} ' in sources["templates/_postgresql.tpl"]
