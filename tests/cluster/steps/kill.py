"""Kills a pod of the API and one of the workers, without any grace, while both are in use."""

import time

from e2e.failure import wait_for
from loadtests.autoscale import jobs
from loadtests.autoscale.pin import find_autoscaler, pinned, settle
from loadtests.autoscale.release import name_of
from loadtests.samples.outcome import Outcome

from cluster.jobs import await_ended, demand_answers
from cluster.load import load
from cluster.stage import Stage

_READY_SECONDS = 180.0
_RECOVERED_SECONDS = 15.0
"""After that no request may be sent to a pod that is not there."""
_SPOILED_SECONDS = 5.0
"""As many requests as are due within it may go wrong."""
_AFTER_SECONDS = 10.0
_INPUTS = 3_000
_JOB_SECONDS = 300.0


def run(stage: Stage) -> None:
    """Demand that the service goes on, that the pods come back, and that no accepted input is lost."""
    _kill_api(stage)
    _kill_worker(stage)


def _kill_api(stage: Stage) -> None:
    replicas = max(2, find_autoscaler(stage.release, "api").least)
    with pinned(stage.release, "api", replicas), load(stage) as calls:
        killed = time.time()
        _kill(stage, "api")
        wait_for("a new pod of the API", lambda: stage.release.ready("api") < replicas, _READY_SECONDS, every=0.2)
        seconds = settle(stage.release, "api", replicas)
        time.sleep(_AFTER_SECONDS)
    stage.outcome.measure(kill_replaced_s=seconds, kill_recovered_s=calls.quiet_after(killed))
    bad, made = len(calls.made) - len(calls.of(Outcome.OK)), len(calls.made)
    stage.outcome.measure(kill_requests=made, kill_requests_not_answered=bad)
    last, most = calls.last_bad_due(killed), _SPOILED_SECONDS * stage.options.rate
    text = f"a killed pod of the API: {bad} of {made} requests went wrong, none that was due {last:.1f} s after it"
    stage.outcome.check("kill", text, holds=last <= _RECOVERED_SECONDS and bad <= most)


def _kill_worker(stage: Stage) -> None:
    with stage.client() as client:
        path = jobs.submit(client, jobs.texts(_INPUTS))
        wait_for("a worker works on the job", lambda: jobs.finished(client, path), _JOB_SECONDS, every=0.5)
        _kill(stage, "worker")
        open_yet = _INPUTS - jobs.finished(client, path)
        seconds = await_ended(client, path, _JOB_SECONDS)
        demand_answers(client, path, _INPUTS)
    text = f"a killed worker: the {open_yet} inputs that were open are answered {seconds:.0f} s later, each once"
    stage.outcome.check("kill", text, holds=open_yet)


def _kill(stage: Stage, component: str) -> None:
    pod = name_of(stage.release.pods(component)[0])
    stage.cluster.run("delete", "pod", pod, "--grace-period=0", "--force", "--wait=false")
