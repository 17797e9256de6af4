"""Kills the pod of PostgreSQL, without any grace, while requests come and a job is worked on."""

import time

import httpx
from e2e.failure import wait_for
from e2e.report import say
from loadtests.autoscale import jobs
from loadtests.autoscale.kubectl import Thing
from loadtests.autoscale.release import is_ready, name_of
from loadtests.samples.outcome import Outcome

from cluster.jobs import await_ended, demand_answers
from cluster.load import load
from cluster.stage import Stage

_MESSAGES = 3_000
_BACK_SECONDS = 180.0
_JOB_SECONDS = 300.0
_AFTER_SECONDS = 15.0
_RECOVERED_SECONDS = 120.0


def run(stage: Stage) -> None:
    """Demand that everything goes on by itself when it is back, and that no accepted message is lost."""
    if not (pods := stage.release.pods("postgresql")):
        stage.outcome.leave_unchecked("a killed PostgreSQL: it is not part of this release")
        return
    with stage.client() as client, load(stage) as calls:
        path = jobs.submit(client, jobs.texts(_MESSAGES))
        wait_for("a worker works on the job", lambda: jobs.finished(client, path), _JOB_SECONDS, every=0.5)
        killed = time.time()
        stage.cluster.run("delete", "pod", name_of(pods[0]), "--grace-period=0", "--force", "--wait=false")
        # It may be back before a request fails: they wait for it for some seconds.
        wait_for("PostgreSQL runs in another pod", lambda: _replaced(stage, pods[0]), _BACK_SECONDS, every=0.5)
        wait_for("jobs are accepted again", lambda: _accepts(client), _BACK_SECONDS, every=0.5)
        accepting = time.time() - killed
        time.sleep(_AFTER_SECONDS)
        await_ended(client, path, _JOB_SECONDS)
        demand_answers(client, path, _MESSAGES)
    recovered = max(accepting, calls.quiet_after(killed))
    errors, refused, made = len(calls.of(Outcome.ERROR)), len(calls.of(Outcome.REFUSED)), len(calls.made)
    stage.outcome.measure(database_recovered_s=recovered, database_errors=errors, database_refused=refused)
    for kind in calls.kinds():
        say(f"while PostgreSQL was away: {kind}")
    text = f"a killed PostgreSQL: jobs are accepted and requests answered {recovered:.0f} s later ({made} requests)"
    stage.outcome.check("database", text, holds=recovered <= _RECOVERED_SECONDS)
    stage.outcome.check("database", f"all {_MESSAGES} messages of the job that was under way are answered", holds=True)


def _replaced(stage: Stage, killed: Thing) -> bool:
    """Tell whether there is a ready pod that is not the killed one, though it may have its name."""
    pods = stage.release.pods("postgresql")
    return any(is_ready(pod) and pod["metadata"]["uid"] != killed["metadata"]["uid"] for pod in pods)


def _accepts(client: httpx.Client) -> bool:
    """Tell whether a small job is accepted; whatever comes in place of that is what a caller sees as a failure."""
    try:
        jobs.submit(client, jobs.texts(1))
    except httpx.HTTPError:
        return False
    return True
