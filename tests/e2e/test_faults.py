"""The table of faults covers every alert, and names things that are there."""

import inspect
from pathlib import Path

import pytest
import yaml

from e2e.faults import ALWAYS_FIRING, declared_alerts, read_faults, without_fault
from e2e.injectors import INJECTORS

CHECKOUT = Path(__file__).parents[2]


def test_every_alert_has_a_fault_that_makes_it_fire():
    assert not without_fault(declared_alerts())
    assert ALWAYS_FIRING in declared_alerts()


def test_an_alert_without_a_fault_is_noticed():
    assert without_fault({*declared_alerts(), "Newcomer"}) == ["Newcomer"]


def test_every_fault_waits_for_alerts_that_are_rules():
    named = {alert for fault in read_faults() for alert in (*fault.alerts, *fault.later)}

    assert named <= declared_alerts()


def test_no_alert_is_expected_of_two_faults_of_a_wave():
    for fault in read_faults():
        others = [one for one in read_faults() if one.wave == fault.wave and one != fault]
        assert not set(fault.alerts) & {alert for one in others for alert in one.alerts}, fault.name


def test_every_fault_has_an_injector_that_takes_its_arguments():
    for fault in read_faults():
        inspect.signature(INJECTORS[fault.injector]).bind(None, *fault.arguments)


@pytest.mark.parametrize("injector", ["stop", "pause", "restart_often"])
def test_what_is_stopped_is_a_service(injector):
    services = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]

    for fault in read_faults():
        if fault.injector == injector:
            assert set(fault.arguments) <= set(services)


def test_a_fault_with_two_injectors_is_refused(tmp_path):
    file = tmp_path / "faults.yml"
    file.write_text("[{wave: 1, faults: [{stop: [redis], pause: [redis]}]}]")

    with pytest.raises(ValueError, match="one injector"):
        read_faults(file)
