"""Answers that are given again: as right, as fresh and as well counted as if the client had been asked each time."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from slipway.flags import Flag, Flags
from slipway.flags.answers import HOLDS_SECONDS
from slipway.settings import Settings


class Asked:
    """Counts the questions that reach the client."""

    def __init__(self, flags: Flags, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times: Counter[str] = Counter()
        for name in ("is_enabled", "get_variant"):
            monkeypatch.setattr(flags._client, name, self._counting(name, getattr(flags._client, name)))

    def _counting(self, name: str, ask: Any) -> Any:
        def asked(*args: Any) -> Any:
            self.times[name] += 1
            return ask(*args)

        return asked


@pytest.fixture
def flags(metrics, tmp_path) -> Iterator[Flags]:
    """Flags of a file: job intake for tenant-a alone, two variants of the model; nothing else is known."""
    file = tmp_path / "flags.json"
    some = {"name": "userWithId", "parameters": {"userIds": "tenant-a"}}
    rows = [{"name": name, "weight": 500, "stickiness": "userId"} for name in ("control", "candidate")]
    everybody = {"rollout": "100", "stickiness": "userId", "groupId": "model-variant"}
    split = {"name": "flexibleRollout", "parameters": everybody, "variants": rows}
    features = [
        {"name": Flag.JOB_INTAKE.flag, "enabled": True, "strategies": [some]},
        {"name": Flag.MODEL_VARIANT.flag, "enabled": True, "strategies": [split]},
    ]
    file.write_text(json.dumps({"version": 2, "features": features}))
    with Flags(Settings(flags_file=file), metrics) as flags:
        yield flags


@pytest.fixture
def asked(flags, monkeypatch) -> Asked:
    return Asked(flags, monkeypatch)


def test_the_same_question_is_asked_once_a_second(flags, asked, monkeypatch) -> None:
    now = [time.monotonic()]
    monkeypatch.setattr("slipway.flags.answers.time.monotonic", lambda: now[0])
    for questions in (1, 2, 3):
        for _ in range(100):
            assert flags.is_enabled(Flag.JOB_INTAKE, tenant="tenant-a")
            assert flags.variant(Flag.MODEL_VARIANT, tenant="tenant-a")
        assert asked.times == {"is_enabled": questions, "get_variant": questions}
        now[0] += HOLDS_SECONDS


def test_each_tenant_and_each_flag_has_its_own_answer(flags) -> None:
    for _ in range(3):
        assert flags.is_enabled(Flag.JOB_INTAKE, tenant="tenant-a")
        assert not flags.is_enabled(Flag.JOB_INTAKE, tenant="tenant-b")
        assert not flags.is_enabled(Flag.JOB_INTAKE)
        assert flags.is_enabled(Flag.SYNC_PREDICT, tenant="tenant-b")
        assert {flags.variant(Flag.MODEL_VARIANT, tenant=f"tenant-{n}").name for n in range(50)} == {
            "control",
            "candidate",
        }


def test_every_question_about_an_unknown_flag_is_counted(flags, asked, sample) -> None:
    for _ in range(5):
        assert flags.is_enabled(Flag.SYNC_PREDICT, tenant="tenant-a")
    assert sample("slipway_flags_fallback_total", flag=Flag.SYNC_PREDICT.flag) == 5
    assert asked.times["is_enabled"] == 1


def test_a_change_holds_at_once_and_not_when_an_answer_expires(unleash, asking, eventually, monkeypatch) -> None:
    monkeypatch.setattr("slipway.flags.answers.HOLDS_SECONDS", 3_600.0)
    unleash.split(("candidate", "b@2"))
    eventually(lambda: asking.variant(Flag.MODEL_VARIANT, tenant="tenant-a"))
    assert asking.is_enabled(Flag.JOB_INTAKE, tenant="tenant-a")
    unleash.switch_off(Flag.JOB_INTAKE)
    eventually(lambda: not asking.is_enabled(Flag.JOB_INTAKE, tenant="tenant-a"))
    eventually(lambda: asking.variant(Flag.MODEL_VARIANT, tenant="tenant-a") is None)


def test_an_answer_of_the_old_flags_is_not_kept_after_a_change(flags, asked, monkeypatch) -> None:
    """The change comes while the client is thinking about the question."""
    under_way, changed = threading.Event(), threading.Event()
    ask = flags._client.is_enabled

    def slow(*args: Any) -> Any:
        answer = ask(*args)
        under_way.set()
        assert changed.wait(10)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(flags._client, "is_enabled", slow)
        asking = threading.Thread(target=flags.is_enabled, args=(Flag.JOB_INTAKE,), kwargs={"tenant": "tenant-a"})
        asking.start()
        assert under_way.wait(10)
        flags._answers.forget()
        changed.set()
        asking.join(10)
    before = asked.times["is_enabled"]
    assert flags.is_enabled(Flag.JOB_INTAKE, tenant="tenant-a")
    assert asked.times["is_enabled"] == before + 1


def test_answers_do_not_fill_the_memory(flags, monkeypatch) -> None:
    monkeypatch.setattr("slipway.flags.answers._KEPT", 10)
    for number in range(35):
        assert not flags.is_enabled(Flag.JOB_INTAKE, tenant=f"tenant-{number}")
        assert flags.is_enabled(Flag.JOB_INTAKE, tenant="tenant-a")
    assert 0 < len(flags._answers._states) <= 10


@pytest.fixture
def reporting(unleash) -> Iterator[Any]:
    """A server that keeps what the client reports."""

    class Handler(unleash.RequestHandlerClass):
        def do_POST(self) -> None:  # noqa: N802  # the name that the library calls
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(202, b"")
            if "bucket" in body:
                self.server.reports.append(body["bucket"]["toggles"])

    with type(unleash)(handler=Handler) as server:
        server.reports = []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def test_the_server_hears_of_every_question(reporting, metrics, quick_flags) -> None:
    reporting.split(("candidate", "b@2"))
    with Flags(Settings(unleash_url=reporting.url), metrics) as flags:
        flags.settle(20)
        threads = [threading.Thread(target=ask, args=(flags, 200)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        flags._client._metrics.flush()
        ask(flags, 30)
    first, last = reporting.reports
    assert first["model-variant"]["variants"] == {"candidate": 800}
    assert last["model-variant"]["variants"] == {"candidate": 30}
    for report, questions in (first, 800), (last, 30):
        assert questions <= report["event-streams"]["yes"] <= questions + 5, "and the few by which `flag_state` is set"


def ask(flags: Flags, times: int) -> None:
    for _ in range(times):
        assert flags.variant(Flag.MODEL_VARIANT, tenant="tenant-a").name == "candidate"
        assert flags.is_enabled(Flag.EVENT_STREAMS, tenant="tenant-a")
