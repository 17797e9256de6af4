"""Values and their schema: what the chart ships is valid, and a typo is refused."""

import copy

import jsonschema_rs
import pytest
import yaml
from k8s.check.chart import PLACES, values_of

MAPS = {"requests", "limits", "matchLabels", "responseHeaders"}
"""Maps whose keys are not ours to name: resources, labels, headers."""


KUBERNETES_OWN = "#/$defs/named/items"
"""Containers, volumes, variables: what they take beside a name is for the API server (and kubeconform) to say."""


@pytest.fixture(scope="module")
def validator(schema):
    return jsonschema_rs.validator_for(schema)


def _complaints(validator, values):
    return [f"{'.'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(values)]


def test_the_defaults_are_valid(validator, values):
    assert _complaints(validator, values) == []


@pytest.mark.parametrize("place", PLACES)
def test_the_values_of_each_place_are_valid(validator, values_for, place):
    assert _complaints(validator, values_for(place)) == []


@pytest.mark.parametrize(
    "path", sorted({path for place in PLACES for path in values_of(place)}), ids=lambda path: path.name
)
def test_the_values_of_a_place_are_few_and_say_why(path):
    lines = path.read_text().splitlines()
    settings = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    assert 5 <= len(settings) <= 60
    assert any(line.strip().startswith("#") for line in lines)


@pytest.mark.parametrize(
    "path", sorted({path for place in PLACES for path in values_of(place)}), ids=lambda path: path.name
)
def test_a_place_says_only_what_is_different(values_for, values, path):
    given = yaml.safe_load(path.read_text())
    same = [name for name, value in _leaves(given) if value == _at(values, name)]
    if path.name == "values-production.yaml":
        same = []  # what production relies on is said, also where it is the default
    assert same == []


def test_every_mistyped_key_is_refused(validator, schema, values):
    accepted = []
    for path in _keys(values):
        if path[-2:-1] and path[-2] in MAPS:
            continue
        mistyped = copy.deepcopy(values)
        parent = _at(mistyped, path[:-1])
        parent[f"{path[-1]}x"] = parent.pop(path[-1])
        if validator.is_valid(mistyped):
            accepted.append(".".join(path))
    assert accepted == []


def test_every_object_of_the_schema_says_what_else_it_takes(schema):
    open_objects = [
        where
        for where, node in _nodes(schema, "#")
        if "properties" in node and node.get("additionalProperties") is not False and where != KUBERNETES_OWN
    ]
    assert open_objects == []


def test_every_value_is_in_the_schema_and_back(schema, values):
    """What the schema names at the top and one below is what values.yaml documents."""
    known = {name: node for name, node in schema["properties"].items() if name != "global"}
    assert set(known) == set(values)
    for name, node in known.items():
        below = _resolved(schema, node).get("properties")
        if below is not None:
            assert set(below) == set(values[name]), name


def _keys(node, path=()):
    if isinstance(node, dict):
        for key, value in node.items():
            yield (*path, key)
            yield from _keys(value, (*path, key))


def _leaves(node, path=()):
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _leaves(value, (*path, key))
    else:
        yield path, node


def _at(node, path):
    for key in path:
        node = node.get(key, {}) if isinstance(node, dict) else {}
    return node


def _nodes(node, where):
    if isinstance(node, dict):
        yield where, node
        for key, value in node.items():
            yield from _nodes(value, f"{where}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _nodes(value, f"{where}/{index}")


def _resolved(schema, node):
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node
