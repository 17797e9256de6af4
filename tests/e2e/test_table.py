"""The table of signals knows every service of the compose file, and names things that are there."""

from pathlib import Path

import pytest
import yaml
from monitoring.dashboards.extraction import found
from monitoring.dashboards.files import FOLDER

from e2e.faults import declared_alerts
from e2e.table import Signal, read_table, undeclared

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def services():
    # What `docker compose config` would resolve does not matter here: the names of services stand as they are.
    return yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]


def test_every_service_of_the_compose_file_says_what_shows_it(services):
    assert not undeclared(services)
    assert "api-1" in services


def test_every_service_of_the_table_is_in_the_compose_file(services):
    assert {cell.service for cell in read_table()} <= set(services)


def test_every_service_has_every_signal_or_says_why_not():
    table = read_table()

    assert len(table) == len({cell.service for cell in table}) * len(Signal)
    assert all(cell.expected or cell.reason for cell in table)


def test_an_undeclared_service_is_noticed(services):
    assert undeclared({**services, "newcomer": {}}) == ["newcomer"]


def test_every_alert_of_the_table_is_a_rule():
    named = {cell.expected for cell in read_table() if cell.signal is Signal.ALERT and cell.expected}

    assert named
    assert named <= declared_alerts()


def test_every_dashboard_of_the_table_has_such_a_query():
    cells = [cell for cell in read_table() if cell.signal is Signal.DASHBOARD and cell.expected]
    assert cells

    for cell in cells:
        ((uid, part),) = cell.expected.items()
        queries = [query.expression for query in found(FOLDER / f"{uid}.json", "1m", "15m")]
        assert any(part in query for query in queries), cell.name


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("{health: healthy}", "must say what shows its metric"),
        ("{health: ''}", "must say what shows its health"),
        ("{health: healthy, smoke: yes}", "smoke"),
        ("{health: {none: a, b: c}}", "must say what shows its health"),
    ],
)
def test_a_table_with_a_gap_is_refused(tmp_path, cells, words):
    file = tmp_path / "services.yml"
    file.write_text(f"service: {cells}\n")

    with pytest.raises(ValueError, match=words):
        read_table(file)
