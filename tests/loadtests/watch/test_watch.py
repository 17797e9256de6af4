"""The watch, against what a real API server said while a release went from one pod to three and back."""

import json
import time

import pytest
from loadtests.verdict.records import Observation
from loadtests.watch.failure import WatchError
from loadtests.watch.watch import Watch
from pydantic import TypeAdapter


@pytest.fixture
def watch(cluster, file):
    return lambda **more: Watch(**{"namespace": "slipway", "release": "demo", "file": file} | more)


async def test_it_writes_what_becomes_of_the_pods(cluster, watch, lines, until):
    began = time.time()
    async with watch():
        cluster.show(1)
        await until(lambda: any(line["ready"] == 3 for line in lines("deployment")))
        cluster.show("ending")
        await until(lambda: sum(line["deleted_at"] is not None for line in lines("pod")) == 2)
        cluster.show(2)
        await until(lambda: sum("gone_at" in line for line in lines("pod")) == 2)
    looks, pods = lines("deployment"), lines("pod")
    assert {look["desired"] for look in looks} == {1, 3}
    assert {look["component"] for look in looks} == {"api"}
    assert {(line["min"], line["max"], line["component"]) for line in lines("hpa")} == {(1, 5, "api"), (3, 5, "api")}
    ended = [line for line in pods if "gone_at" in line]
    assert len({line["name"] for line in ended}) == 2
    for line in ended:
        assert began < line["ready_at"] <= line["deleted_at"] < line["gone_at"] == line["at"]
    first = pods[0]
    assert first["ready_at"] < began, "what was there before has the API server's times"
    assert all(abs(line["ahead_s"]) < 5 for line in lines("clock"))


async def test_an_event_is_written_once_and_not_when_it_is_old(cluster, watch, lines, until):
    async with watch():
        await until(lambda: len(lines("clock")) >= 2)
        assert not lines("event"), "what was recorded is older"
        cluster.show("ending")
        await until(lambda: len(lines("event")) >= 4)
        seen = len(lines("clock"))
        await until(lambda: len(lines("clock")) >= seen + 2)
    told = [(line["object"], line["message"]) for line in lines("event")]
    assert len(told) == len(set(told)) == 4
    assert {about for about, _ in told} == {"HorizontalPodAutoscaler/demo-slipway-api", "Deployment/demo-slipway-api"}


async def test_the_verdict_can_read_every_line(cluster, watch, lines, until):
    shape = TypeAdapter(Observation)
    async with watch():
        cluster.show("down")
        await until(lambda: lines("gap"))
        cluster.show(1)
        await until(lambda: len(lines("pod")) >= 3)
        cluster.show("ending")
        await until(lambda: lines("event") and lines("clock"))
    kinds = {shape.validate_python(line).kind for line in lines()}
    assert kinds == {"deployment", "hpa", "pod", "gap", "clock", "event"}


@pytest.mark.parametrize("failure", ["down", "nonsense"])
async def test_it_notes_its_gaps_and_goes_on(cluster, watch, lines, until, failure):
    async with watch():
        await until(lambda: len(lines("deployment")) >= 2)
        cluster.show(failure)
        await until(lambda: len(lines("gap")) >= 2)
        cluster.show(1)
        await until(lambda: lines("deployment")[-1]["ready"] == 3)
    gaps = lines("gap")
    assert gaps[0]["why"]
    assert gaps[-1]["seconds"] > gaps[0]["seconds"] > 0


async def test_the_proxy_can_only_read_and_is_reachable_for_its_user_alone(cluster, watch):
    async with watch(context="kind-slipway"):
        assert cluster.is_running
        assert cluster.arguments[:3] == ["--context", "kind-slipway", "proxy"]
        assert "--reject-methods=^(POST|PUT|PATCH|DELETE)$" in cluster.arguments
        assert not [one for one in cluster.arguments if one.startswith("--port")]
    assert not cluster.is_running


async def test_prometheus_is_asked_through_the_api_server_when_it_is_over(watch, file):
    async with watch(prometheus="monitoring/prometheus:9090"):
        assert not file.with_name("prometheus.ndjson").exists()
    told = [json.loads(line) for line in file.with_name("prometheus.ndjson").read_text("utf-8").splitlines()]
    assert {line["name"] for line in told} >= {"in_flight", "answered_rps"}
    assert {line["value"] for line in told} == {2.5, 3.0}


async def test_a_prometheus_that_does_not_answer_is_told_at_the_beginning(cluster, watch):
    (cluster.folder / "no-prometheus").touch()
    with pytest.raises(WatchError, match="Prometheus cannot be asked"):
        async with watch(prometheus="monitoring/prometheus:9090"):
            raise AssertionError("It began.")
    assert not cluster.is_running


async def test_a_prometheus_that_is_away_at_the_end_is_a_gap(cluster, watch, lines):
    async with watch(prometheus="monitoring/prometheus:9090"):
        (cluster.folder / "no-prometheus").touch()
    assert "Prometheus cannot be asked" in lines("gap")[-1]["why"]
    assert lines("deployment")


async def test_the_clock_is_known_to_those_who_may_not_list_events(cluster, watch, lines, until):
    (cluster.folder / "no-events").touch()
    async with watch():
        await until(lambda: lines("clock"))
    assert abs(lines("clock")[0]["ahead_s"]) < 5


@pytest.mark.parametrize(
    ("moment", "more", "said"),
    [
        (0, {"namespace": "elsewhere"}, "has no Deployment of a release demo"),
        ("forbidden", {}, "may not list"),
        ("down", {}, "answered 500"),
        (0, {"context": "nowhere"}, 'context "nowhere" does not exist'),
    ],
)
async def test_it_says_why_it_cannot_begin(cluster, watch, moment, more, said):
    cluster.show(moment)
    with pytest.raises(WatchError, match=said):
        async with watch(**more):
            raise AssertionError("It began.")
    assert not cluster.is_running


async def test_it_says_that_there_is_no_kubectl(watch, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WatchError, match="no `kubectl` on the PATH"):
        async with watch():
            raise AssertionError("It began.")
