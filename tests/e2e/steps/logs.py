"""The way of the logs: nothing personal arrives, nothing is lost, and a trace id leads to lines and spans."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx

from e2e import logs
from e2e.failure import demand, wait_for
from e2e.logstore import ask
from e2e.report import say
from e2e.speaking import speak
from e2e.stage import Stage
from e2e.starting import condition

_AWAY_SECONDS = 20.0
_BACK_SECONDS = 180.0
_TRACE_SECONDS = 60.0


def run(stage: Stage) -> None:
    """Demand what the module says of what runs."""
    if not stage.runs("otelcol", "elasticsearch"):
        stage.outcome.leave_unchecked("the way of the logs (without otelcol or elasticsearch)")
        return
    asking, speaking = partial(_ask, stage), partial(speak, stage)
    _walk_from_a_problem(stage)
    say(f"{logs.nothing_personal_arrives(asking, speaking)} lines with personal values: none of them arrived.")
    say(f"{logs.what_is_harmless_arrives_as_it_is(asking, speaking)} harmless lines arrived as they were.")
    lines = logs.no_line_is_lost(asking, speaking, partial(_away, stage))
    say(f"{lines} lines, Elasticsearch away for {_AWAY_SECONDS:.0f} s of them: none is lost.")


def _ask(stage: Stage, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return ask(stage, path.lstrip("/"), body)


@contextmanager
def _away(stage: Stage) -> Iterator[None]:
    stage.project.compose("stop", "elasticsearch")
    time.sleep(_AWAY_SECONDS)
    try:
        yield
    finally:
        stage.project.compose("start", "elasticsearch")
        wait_for("Elasticsearch is back", lambda: _is_back(stage), _BACK_SECONDS, "elasticsearch", every=2.0)


def _is_back(stage: Stage) -> bool:
    return all(condition(one["State"]) == "healthy" for one in stage.project.of("elasticsearch"))


def _walk_from_a_problem(stage: Stage) -> None:
    """Go the way of a person who has a problem response and nothing else: to its log lines, and to its trace."""
    with stage.client() as client:
        refused = client.post("/v1/triage", json={"inputs": [{"text": ""}]})
    problem = refused.json()
    demand(refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY, f"An empty text was answered: {problem}")
    trace_id = problem["trace_id"]
    lines = logs.lines_of_trace(partial(_ask, stage), trace_id)
    say(f"Trace {trace_id} of a problem response leads to {len(lines)} log lines.")
    if not stage.runs("jaeger"):
        stage.outcome.leave_unchecked("the trace of a problem response (without jaeger)")
        return
    found: list[str] = []
    wait_for(f"trace {trace_id}", lambda: _spans(stage, trace_id, found), _TRACE_SECONDS, "otelcol", "jaeger")
    say(f"It leads to {len(found)} spans, of {', '.join(sorted(set(found)))}.")
    demand("slipway-api" in found, f"The trace has spans of {sorted(set(found))} only.", "api-1")
    demand("gateway" in found, f"The trace does not begin at the gateway: {sorted(set(found))}.", "gateway")


def _spans(stage: Stage, trace_id: str, found: list[str]) -> bool:
    answer = httpx.get(f"{stage.jaeger}/api/traces/{trace_id}", timeout=30)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return False
    (trace,) = json.loads(answer.raise_for_status().content)["data"]
    found[:] = [trace["processes"][span["processID"]]["serviceName"] for span in trace["spans"]]
    return {"gateway", "slipway-api"} <= set(found)
