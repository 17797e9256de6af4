"""The OpenAPI document says what the API does, and `docs/api.md` names it all."""

import re
from collections import Counter
from pathlib import Path

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from jsonschema_rs import Draft202012Validator

from slipway.errors import InternalError, Problem
from slipway.settings import Settings
from slipway.telemetry.tracing import configure_tracing
from slipway_api.app import create_app

GUIDE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
PROBES = {"/health/live", "/health/ready", "/health/startup"}
DOCUMENTS = {"/docs", "/docs/oauth2-redirect", "/openapi.json"}
ANY_ID = "7d1f1a0e-6a9f-4f7d-9a59-3b0b8a1f0c11"


def create(workload: str) -> FastAPI:
    settings = Settings(_env_file=None, workload=workload)
    return create_app(settings, configure_tracing("api", settings))


@pytest.fixture(scope="module")
def document() -> dict:
    """The document around a workload with examples."""
    return create("notes:Notes").openapi()


@pytest.fixture(scope="module")
def operations(document) -> dict[str, dict]:
    """Every documented operation, by `METHOD path`."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


async def test_every_route_wants_a_key_but_the_probes_and_the_documents(server, problem):
    """Walks the routes as they are, so that a new one cannot be forgotten."""
    walked = set()
    async with httpx.AsyncClient(base_url=server.url, verify=False) as client:
        for route in iter_route_contexts(server.app.routes):
            for method in route.methods:
                response = await client.request(method, re.sub(r"\{\w+_id\}", ANY_ID, route.path))
                if route.path in PROBES | DOCUMENTS:
                    assert response.status_code == 200
                else:
                    problem(response, 401, "unauthenticated")
                    walked.add((method, route.path))
    assert len(walked) >= 9


def test_every_route_is_documented(document, operations):
    routes = {
        f"{method} {route.path}"
        for route in iter_route_contexts(create("notes:Notes").routes)
        for method in route.methods
        if route.path not in DOCUMENTS
    }
    assert operations.keys() == routes


def test_operations_have_ids_of_their_own_and_say_what_they_do(operations):
    counted = Counter(operation["operationId"] for operation in operations.values())
    assert counted.most_common(1)[0][1] == 1
    assert all(operation["summary"] and operation["tags"] for operation in operations.values())


def test_the_document_says_which_operations_want_a_key(operations):
    for name, operation in operations.items():
        assert ("security" in operation) == (name.partition(" ")[2] not in PROBES), name


def test_every_error_is_a_problem_with_an_example_of_each_kind(document, operations):
    kinds = {f"https://slipway.dev/problems/{kind.type}": kind for kind in Problem.__subclasses__()}
    validator = Draft202012Validator({**document["components"]["schemas"]["ProblemDocument"], **document})
    seen = set()
    for name, operation in operations.items():
        assert "500" in operation["responses"]
        for status, response in operation["responses"].items():
            if status < "400":
                continue
            assert response["content"].keys() == {"application/problem+json"}, (name, status)
            content = response["content"]["application/problem+json"]
            assert content["schema"]["$ref"].endswith("/ProblemDocument")
            for example in content["examples"].values():
                validator.validate(example["value"])
                assert kinds[example["value"]["type"]].status == example["value"]["status"] == int(status)
                seen.add(kinds[example["value"]["type"]].type)
    assert seen == {kind.type for kind in kinds.values()} - {"method-not-allowed"}


@pytest.mark.parametrize("operation", ["POST /v1/notes", "POST /v1/jobs"])
def test_bodies_have_examples_that_are_valid(operation, document, operations):
    content = operations[operation]["requestBody"]["content"]["application/json"]
    schema = {**document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]], **document}
    examples = [example["value"] for example in content["examples"].values()]
    assert examples
    for example in examples:
        Draft202012Validator(schema).validate(example)
    wrong = {"inputs": [{"text": "  ", "colour": "blue"}]}
    assert len(list(Draft202012Validator(schema).iter_errors(wrong))) == 2


def test_the_answer_has_an_example(document):
    assert document["components"]["schemas"]["NotesResponse"]["examples"] == [{"results": [{"words": 2}]}]


def test_a_workload_without_examples_is_documented_as_well():
    body = create("checksum:Checksum").openapi()["paths"]["/v1/checksum"]["post"]["requestBody"]
    assert body["content"]["application/json"].keys() == {"schema"}


@pytest.mark.parametrize("workload", ["notes:Notes", "checksum:Checksum"])
def test_the_document_is_valid(workload):
    schemathesis.openapi.from_dict(create(workload).openapi()).validate()


def test_the_guide_names_every_route(operations):
    named = set(re.findall(r"`((?:GET|POST|PATCH|DELETE) /[^`?]*)`", GUIDE))
    assert named == {name.replace("/v1/notes", "/v1/{workload}") for name in operations}


def test_the_guide_names_every_problem_with_its_status():
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", GUIDE, re.MULTILINE))
    assert rows == {kind.type: str(int(kind.status)) for kind in Problem.__subclasses__()}
    assert InternalError.type in rows


def test_the_guide_names_the_limits_as_they_are():
    settings = Settings(_env_file=None)
    numbers = (
        settings.max_predict_inputs,
        settings.max_json_inputs,
        settings.max_job_inputs,
        settings.rate_limit_per_minute,
    )
    for number in numbers:
        assert f"{number:,}" in GUIDE
    for mebibytes in (settings.max_json_bytes // 2**20, settings.max_upload_bytes // 2**20):
        assert f"{mebibytes} MiB" in GUIDE
