"""Turns one look at the cluster after the other into lines: Deployments at each look, the rest when it changes.

Times of pods are by the watch's own clock once it has seen the change, and lean to the side that hides nothing: a pod
begins to end at the last look at which it did not, and is gone at the first look without it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from loadtests.watch import objects
from loadtests.watch.objects import Record, Thing


@dataclass(frozen=True, slots=True)
class Look:
    """What the API server said at a moment."""

    at: float
    deployments: list[Thing]
    autoscalers: list[Thing]
    pods: list[Thing]


@dataclass(slots=True)
class Ledger:
    """Remembers what was written last."""

    _before: float | None = None
    _autoscalers: dict[str, Record] = field(default_factory=dict)
    _pods: dict[str, Record] = field(default_factory=dict)
    _events: dict[str, int] = field(default_factory=dict)

    def lines(self, look: Look) -> list[Record]:
        """Return what a look has to add, in the order of the kinds."""
        deployments = [objects.deployment(thing) for thing in look.deployments]
        components = {told["name"]: told["component"] for told in deployments}
        found = deployments + self._changed_autoscalers(look.autoscalers, components)
        found += self._changed_pods([objects.pod(thing) for thing in look.pods], look.at)
        self._before = look.at
        return [{"at": look.at} | record for record in found]

    def news(self, since: float, events: Iterable[Thing]) -> list[Record]:
        """Return the events from a time on that were not written yet, or happened again."""
        fresh = []
        for thing in events:
            told, uid = objects.event(thing), thing["metadata"]["uid"]
            noted = told.pop("noted")
            # The API server drops the parts of a second.
            if noted is not None and noted >= since - 1 and self._events.get(uid) != told["count"]:
                self._events[uid] = told["count"]
                fresh.append({"at": noted} | told)
        return fresh

    def _changed_autoscalers(self, things: list[Thing], components: dict[str, str]) -> list[Record]:
        changed = []
        for thing in things:
            told = objects.autoscaler(thing)
            if told["target"] in components:
                told["component"] = components[told["target"]]
                if self._autoscalers.get(told["name"]) != told:
                    self._autoscalers[told["name"]] = told
                    changed.append(told)
        return changed

    def _changed_pods(self, pods: list[Record], at: float) -> list[Record]:
        now = {told["name"]: self._dated(told, at) for told in pods}
        gone = [
            old | {"deleted_at": old["deleted_at"] or self._before, "gone_at": at, "ready": False}
            for name, old in self._pods.items()
            if name not in now
        ]
        changed = [told for name, told in now.items() if self._pods.get(name) != told]
        self._pods = now
        return gone + changed

    def _dated(self, told: Record, at: float) -> Record:
        old, first = self._pods.get(told["name"]), self._before is None
        dated = {name: value for name, value in told.items() if name != "ending"} | {"deleted_at": None}
        if told["ready"] and not first:
            dated["ready_at"] = old["ready_at"] if old and old["ready"] else at
        if told["ending"]:
            dated["deleted_at"] = (old and old["deleted_at"]) or self._before or at
        return dated
