"""A serving process that may not start says why, in words, where whoever started it sees them."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["slipway_api", "slipway_worker"])
def test_outside_development_keys_in_files_end_the_process_with_words(module, tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")} | {
        "SLIPWAY_ENVIRONMENT": "production",
        "SLIPWAY_DATABASE_APP_URL": "postgresql://app@127.0.0.1:1/slipway",
        "SLIPWAY_DATABASE_SYSTEM_URL": "postgresql://system@127.0.0.1:1/slipway",
        "SLIPWAY_REDIS_URL": "redis://127.0.0.1:1/0",
    }
    ended = subprocess.run(
        [sys.executable, "-m", module], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "A master key in a file is for development only" in ended.stderr
    assert "SLIPWAY_KEY_PROVIDER=aws-kms or vault-transit" in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
