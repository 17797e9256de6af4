import subprocess
import sys

import pytest
from typer.testing import CliRunner

from slipway_cli.lazy import LazyCommand, Source
from slipway_cli.main import COMMANDS, app

run = CliRunner().invoke


def test_help_lists_every_command_without_importing_any(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    source = "import sys; from slipway_cli.main import app\ntry: app(['--help'])\nfinally: print(*sorted(sys.modules))"
    said = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False).stdout
    assert all(f" {name} " in said and source.summary in said for name, source in COMMANDS.items()), said
    for heavy in ("slipway.settings", "psycopg", "sqlalchemy", "onnx", "sklearn", "numpy", "slipway_cli.up"):
        assert heavy not in said.split()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_and_says_what_it_is_for(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    done = run(app, [name, "--help"])
    assert done.exit_code == 0
    assert LazyCommand(name, COMMANDS[name]).load().help.split(".")[0] in done.output


def test_an_unknown_command_gets_a_suggestion():
    done = run(app, ["setings"])
    assert done.exit_code == 2
    assert "Did you mean 'settings'?" in done.output


def test_a_command_without_its_packages_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "triage", None)  # what importing it finds where it is not installed
    for name in [name for name in sys.modules if name == "slipway_cli.model" or name.startswith("triage.")]:
        monkeypatch.delitem(sys.modules, name)
    done = run(app, ["model", "list"])
    assert done.exit_code == 1
    assert "`slipway model` needs triage" in done.stderr
    assert "slipway-cli[local]" in done.stderr


def test_a_fault_of_ours_is_not_taken_for_a_missing_package(monkeypatch):
    with pytest.raises(ModuleNotFoundError, match=r"slipway_cli\.broken"):
        LazyCommand("broken", Source("slipway_cli.broken", "Stands for a module that is not there.")).load()


def test_settings_are_shown_without_their_secrets(project, monkeypatch):
    monkeypatch.setenv("SLIPWAY_REDIS_URL", "redis://:hunter2@cache.example:6379/1")
    monkeypatch.setenv("SLIPWAY_UNLEASH_TOKEN", "hunter3")
    shown = run(app, ["settings"]).output
    assert "* SLIPWAY_REDIS_URL=redis://:********@cache.example:6379/1\n" in shown
    assert "  SLIPWAY_LOG_LEVEL=INFO\n" in shown
    assert "hunter" not in shown


def test_migrate_says_what_is_missing(project):
    done = run(app, ["migrate"])
    assert done.exit_code == 1
    assert "SLIPWAY_DATABASE_OWNER_URL is not set" in done.stderr


def test_migrate_brings_a_database_to_the_newest_schema(settings, project, monkeypatch):
    monkeypatch.setenv("SLIPWAY_DATABASE_OWNER_URL", settings.database_owner_url.get_secret_value())
    done = run(app, ["migrate"])
    assert done.exit_code == 0
    assert "The schema is at version" in done.output


def test_migrate_without_a_database_says_so(project, monkeypatch):
    monkeypatch.setenv("SLIPWAY_DATABASE_OWNER_URL", "postgresql://slipway_owner@127.0.0.1:1/slipway")
    done = run(app, ["migrate"])
    assert done.exit_code == 1
    assert "Is it up (`slipway up`)?" in done.stderr
