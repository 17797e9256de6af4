"""A fuzzer that knows the OpenAPI document finds no 5xx, and no answer that the document does not describe."""

import asyncio
import json
import os
import sys
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.engine import Status, events, from_schema

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "6"))
NDJSON = {"Content-Type": "application/x-ndjson"}
OURS = "https://slipway.dev/problems/"
UNDESCRIBED = ("idempotency-mismatch", "webhook_target", '"code": "public_key"')


@pytest.fixture
async def fuzzed(start, new_caller):
    """A caller of a server whose input the document describes exactly, and whose streams end with their first event.

    No worker takes on the jobs: their events would come to no end.
    """
    server = await start(workload="notes:Notes", rate_limit_per_minute=1_000_000)
    server.app.state.api.announcements.end()
    return await new_caller(server)


@pytest.mark.timeout(600)
async def test_schemathesis_finds_nothing(fuzzed, capsys):
    cases, findings = await asyncio.to_thread(
        fuzz, str(fuzzed.http.base_url), fuzzed.http.headers["Authorization"], EXAMPLES
    )

    with capsys.disabled():
        sys.stdout.write(f"\nschemathesis: {cases} cases\n")
    assert findings == []
    assert cases > 400


def fuzz(url: str, authorization: str, examples: int) -> tuple[int, list[str]]:
    """Run every phase and every check; return the number of cases, and what was found."""
    config = schemathesis.Config.from_dict(
        {
            "headers": {"Authorization": authorization},
            "generation": {"max-examples": examples, "database": "none"},
            "continue-on-failure": True,
            # It takes the key away, which the configuration puts back; `ignored_auth` asks the same, and rightly.
            "checks": {"missing_required_header": {"enabled": False}},
            # To delete a subject is to ask for an erasure, which a worker does; here there is none.
            "operations": [{"include-path-regex": "^/v1/subjects", "checks": {"use_after_free": {"enabled": False}}}],
        }
    )
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)
    cases, findings = 0, []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            findings.append(str(event))
        if isinstance(event, events.ScenarioFinished):
            cases += len(event.recorder.interactions)
            findings += failures(event)
    return cases, findings


def failures(event: events.ScenarioFinished) -> list[str]:
    """Describe the failed checks of a scenario.

    That an Idempotency-Key was used before, that a host is not on the internet, or that bytes are no public key, is
    something that a document cannot describe.
    """
    return [
        f"{event.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
        for case, checks in event.recorder.checks.items()
        for check in checks
        if check.status is Status.FAILURE
        and not any(kind in event.recorder.interactions[case].response.text for kind in UNDESCRIBED)
    ]


LINES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.fixed_dictionaries({"text": st.text(max_size=10)}).map(lambda note: json.dumps(note).encode()),
        st.recursive(st.none() | st.text(max_size=5), st.lists, max_leaves=5).map(
            lambda value: json.dumps(value).encode()
        ),
        st.just(b'{"text": "fine"}'),
    ),
    max_size=5,
)


@given(lines=LINES, separator=st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
@settings(max_examples=10 * EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_upload_is_taken_in_or_refused_with_a_problem(lines, separator, fuzzed):
    response = await fuzzed.http.post("/v1/jobs", content=separator.join(lines), headers=NDJSON)

    if response.status_code == 202:
        assert response.json()["total"] > 0
    else:
        assert response.status_code in (400, 422)
        assert response.json()["type"] in (OURS + "malformed-body", OURS + "invalid-input")


@given(
    path=st.binary(max_size=20),
    query=st.binary(max_size=20),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]),
)
@settings(max_examples=10 * EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_path_is_answered_in_our_format(path, query, method, fuzzed):
    response = await fuzzed.http.request(method, f"/v1/jobs/{quote(path, safe='')}?{quote(query)}")

    assert response.status_code in (404, 405, 422)
    assert response.json()["type"].startswith(OURS)
