"""What the chart names exists: settings, metrics, roles, images, suites; and it says the same as the documentation."""

import re

import pytest
import yaml
from k8s.check.chart import CHART, covered, suites, templates, without_suite

from slipway.settings import SECRETS_DIR, Settings, variable
from slipway.telemetry import catalogue
from slipway.telemetry.metric import Metric

SETTINGS = {variable(name) for name in Settings.model_fields} | {SECRETS_DIR}
METRICS = {thing.name for thing in vars(catalogue).values() if isinstance(thing, Metric)}
MODULES = {"slipway_api", "slipway_worker"}
ROLES = {"slipway_app", "slipway_system", "slipway_owner", "slipway_scaler"}
HISTOGRAM = re.compile(r"_(bucket|sum|count)$")
OURS = re.compile(r"^slipway-(api|worker|cli|loadtest)$")


def _named(sources, pattern):
    return {(name, found) for name, text in sources.items() for found in re.findall(pattern, text)}


def test_every_setting_that_the_chart_names_exists(sources):
    named = _named(sources, r"\bSLIPWAY_[A-Z][A-Z_]*[A-Z]\b")
    assert len(named) > 10
    assert {(where, name) for where, name in named if name not in SETTINGS} == set()


def test_every_lower_case_name_is_a_setting_a_metric_or_a_role(sources):
    """Keys of Secrets are settings in lower case; the rest are metrics, roles, modules of ours."""
    named = _named(sources, r"\bslipway_[a-z][a-z_]*[a-z]\b")
    known = {name.lower() for name in SETTINGS} | METRICS | MODULES | ROLES
    unknown = {(where, name) for where, name in named if name not in known and HISTOGRAM.sub("", name) not in known}
    assert len(named) > 10
    assert unknown == set()


def test_the_autoscaler_asks_for_a_metric_of_the_api():
    assert "slipway_http_requests_in_flight" in METRICS


def test_the_stores_are_the_versions_of_the_composed_stack(values, compose):
    services = compose["services"]
    expected = {
        "postgresql": services["postgres"]["image"],
        "redis": services["redis"]["image"],
        "unleash": services["unleash"]["image"],
    }
    found = {name: next(image for image in _images(values[name])) for name in expected}
    assert found == expected


def _images(section):
    image = section["image"]
    yield image if isinstance(image, str) else f"{image['repository']}:{image['tag']}"


def test_our_images_are_those_that_are_built(sources):
    built = {
        line for _, line in _named(sources, r'"name" "(slipway-[a-z]+)"|"image" "(slipway-[a-z]+)"') for line in line
    }
    built.discard("")
    assert built
    assert {name for name in built if not OURS.match(name)} == set()


def test_every_template_has_a_suite():
    assert len(templates()) > 20
    assert without_suite() == []


def test_every_suite_names_templates_that_exist():
    missing = {name for name in covered() if "*" not in name and not (CHART / name).is_file()}
    assert len(suites()) > 20
    assert missing == set()


def test_the_version_of_kubernetes_is_the_documented_one():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    least = re.fullmatch(r">=(\d+\.\d+)\.0-0", chart["kubeVersion"])[1]
    for page in ("../../../docs/kubernetes.md", "README.md"):
        assert f"Kubernetes {least}" in (CHART / page).read_text(), page


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(CHART / "templates")))
def test_one_template_renders_one_resource(path):
    assert len(re.findall(r"^kind:", path.read_text(), re.MULTILINE)) <= 1
