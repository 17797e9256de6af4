import json

import psycopg
import pytest
import structlog
from typer.testing import CliRunner

from slipway_cli.main import app

run = CliRunner().invoke


def test_the_inventory_is_printed_as_a_record(project):
    done = run(app, ["privacy", "inventory"])
    assert done.exit_code == 0
    assert done.output.startswith("# Record of processing activities\n")
    assert "| `text` | personal |" in done.output


def test_the_inventory_is_printed_as_json(project, monkeypatch):
    monkeypatch.setenv("SLIPWAY_PRIVACY_CONTROLLER", "Example Ltd")
    found = json.loads(run(app, ["privacy", "inventory", "--format", "json"]).output)
    assert found["controller"] == "Example Ltd"
    assert len(found["entries"]) > 250


def test_the_notice_is_printed(project):
    assert run(app, ["privacy", "inventory", "--format", "notice"]).output.startswith("# Privacy notice\n")


def test_a_workload_that_is_not_there_is_named(project, monkeypatch):
    monkeypatch.setenv("SLIPWAY_WORKLOAD", "absent:Workload")
    done = run(app, ["privacy", "inventory"])
    assert done.exit_code == 1
    assert "SLIPWAY_WORKLOAD='absent:Workload' does not lead to a workload" in done.stderr


@pytest.mark.parametrize("form", ["xml", ""])
def test_another_format_is_refused(project, form):
    assert run(app, ["privacy", "inventory", "--format", form]).exit_code == 2


@pytest.fixture
def installation(settings, monkeypatch):
    monkeypatch.setattr("slipway_cli.privacy.local_settings", lambda: settings)


def test_a_review_is_printed_kept_and_listed(installation, settings):
    done = run(app, ["privacy", "review"])
    assert done.exit_code == 0, done.output
    assert "Nothing was found that is not as it should be." in done.output
    (line,) = run(app, ["privacy", "reviews"]).output.splitlines()
    assert line.endswith(" UTC  0 findings")


def test_a_review_that_finds_something_ends_with_one(installation, settings):
    structlog.reset_defaults()  # as in a process of its own: what it logs is no part of its output
    with psycopg.connect(settings.database_owner_url.get_secret_value(), autocommit=True) as owner:
        owner.execute("ALTER TABLE jobs ADD COLUMN remark text")
    done = run(app, ["privacy", "review", "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["findings"] == 1
    assert "privacy.reviewed" in done.stderr
    assert "The column jobs.remark does not say what it holds." in done.output


def test_a_review_that_cannot_be_kept_says_so(installation, settings, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    elsewhere = settings.model_copy(update={"evidence_dir": blocked})
    monkeypatch.setattr("slipway_cli.privacy.local_settings", lambda: elsewhere)
    done = run(app, ["privacy", "review"])
    assert done.exit_code == 1
    assert "SLIPWAY_EVIDENCE_DIR" in done.stderr
