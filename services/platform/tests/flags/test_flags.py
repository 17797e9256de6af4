"""What answers without a server: the bootstrap file, or what is declared."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from slipway.flags import Flag, Flags
from slipway.settings import Settings


def features(*rows: dict) -> str:
    return json.dumps({"version": 2, "features": list(rows)})


def for_tenant(flag: Flag, tenant: str) -> str:
    strategy = {"name": "userWithId", "parameters": {"userIds": tenant}}
    return features({"name": flag.flag, "enabled": True, "strategies": [strategy]})


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "flags.json"


def test_with_neither_server_nor_file_the_declared_defaults_answer_and_nothing_runs(metrics, sample) -> None:
    threads = threading.active_count()
    with Flags(Settings(), metrics) as flags:
        assert [flags.is_enabled(flag, tenant="tenant-a") for flag in Flag] == [flag.default for flag in Flag]
        assert flags.variant(Flag.MODEL_VARIANT, tenant="tenant-a") is None
        assert threading.active_count() == threads
    assert sample("slipway_flags_fallback_total", flag=Flag.JOB_INTAKE.flag) is None
    assert sample("slipway_flags_age_seconds") == -1
    assert sample("slipway_flag_state", flag="job-intake") == 1
    assert sample("slipway_flag_state", flag="model-variant") == 0


def test_with_neither_the_client_is_not_even_imported() -> None:
    """Each start of a worker would pay for it."""
    program = (
        "import sys; from slipway.composition import open_platform; from slipway.flags import Flags; "
        "from slipway.settings import Settings; from slipway.telemetry.metrics import Metrics; "
        "Flags(Settings(_env_file=None), Metrics()).open(); assert 'UnleashClient' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_every_kill_switch_is_on_unless_somebody_says_otherwise() -> None:
    assert {flag for flag in Flag if not flag.default} == {Flag.MODEL_VARIANT}


def test_a_file_of_the_settings_decides(metrics, sample, file) -> None:
    file.write_text(for_tenant(Flag.JOB_INTAKE, "tenant-a"))
    with Flags(Settings(flags_file=file), metrics) as flags:
        assert flags.is_enabled(Flag.JOB_INTAKE, tenant="tenant-a")
        assert not flags.is_enabled(Flag.JOB_INTAKE, tenant="tenant-b")
        assert not flags.is_enabled(Flag.JOB_INTAKE)
    assert sample("slipway_flag_state", flag="job-intake") == 0
    assert sample("slipway_flags_age_seconds") == -1


def test_a_flag_that_the_file_does_not_know_has_its_default_and_is_counted(metrics, sample, file) -> None:
    file.write_text(features())
    with Flags(Settings(flags_file=file), metrics) as flags:
        assert flags.is_enabled(Flag.SYNC_PREDICT)
        assert flags.variant(Flag.MODEL_VARIANT, tenant="tenant-a") is None
    assert sample("slipway_flags_fallback_total", flag=Flag.SYNC_PREDICT.flag) == 1


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"features": [{}]}', '{"features": 5}', "twice"])
def test_a_file_that_cannot_be_right_is_refused(metrics, file, content) -> None:
    if content is not None:
        file.write_text(features({"name": "a"}, {"name": "a"}) if content == "twice" else content)
    with pytest.raises(ValueError, match="SLIPWAY_FLAGS_FILE"):
        Flags(Settings(flags_file=file), metrics)


@pytest.mark.parametrize(
    ("setting", "value"), [("unleash_url", "unleash.example.com"), ("unleash_url", "ftp://x"), ("unleash_token", "a\n")]
)
def test_settings_that_cannot_be_right_are_refused(metrics, setting, value) -> None:
    with pytest.raises(ValueError, match=f"SLIPWAY_{setting.upper()}"):
        Flags(Settings(**{"unleash_url": "http://127.0.0.1:1/api", setting: value}), metrics)
