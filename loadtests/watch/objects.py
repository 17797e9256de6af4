"""What is kept of an object of the Kubernetes API: a flat record of a few fields."""

from datetime import datetime
from typing import Any

Thing = dict[str, Any]
"""An object of the Kubernetes API, as JSON."""
Record = dict[str, Any]
"""A line of `cluster.ndjson`."""
_COMPONENT = "app.kubernetes.io/component"


def deployment(thing: Thing) -> Record:
    """Return the replicas of a Deployment: wanted, ready, available. The API leaves zeros out."""
    status = thing.get("status", {})
    return {
        "kind": "deployment",
        "name": thing["metadata"]["name"],
        "component": component(thing),
        "desired": thing["spec"].get("replicas", 1),
        "ready": status.get("readyReplicas", 0),
        "available": status.get("availableReplicas", 0),
    }


def autoscaler(thing: Thing) -> Record:
    """Return the bounds and the opinion of a HorizontalPodAutoscaler."""
    spec, status = thing["spec"], thing.get("status", {})
    return {
        "kind": "hpa",
        "name": thing["metadata"]["name"],
        "target": spec["scaleTargetRef"]["name"],
        "min": spec.get("minReplicas", 1),
        "max": spec["maxReplicas"],
        "current": status.get("currentReplicas", 0),
        "desired": status.get("desiredReplicas", 0),
    }


def pod(thing: Thing) -> Record:
    """Return the state of a pod."""
    meta, status = thing["metadata"], thing.get("status", {})
    ready = next((one for one in status.get("conditions", ()) if one["type"] == "Ready"), None)
    is_ready = ready is not None and ready["status"] == "True"
    return {
        "kind": "pod",
        "name": meta["name"],
        "component": component(thing),
        "phase": status.get("phase", ""),
        "ready": is_ready,
        "created": seconds(meta.get("creationTimestamp")),
        "ready_at": seconds(ready.get("lastTransitionTime")) if ready and is_ready else None,
        "ending": "deletionTimestamp" in meta,
        "restarts": sum(one.get("restartCount", 0) for one in status.get("containerStatuses", ())),
    }


def event(thing: Thing) -> Record:
    """Return what an event tells, and of what."""
    about = thing.get("involvedObject", {})
    return {
        "kind": "event",
        "reason": thing.get("reason", ""),
        "object": f"{about.get('kind', '')}/{about.get('name', '')}",
        "message": thing.get("message", ""),
        "noted": seconds(thing.get("lastTimestamp") or thing.get("eventTime")),
        "count": thing.get("count", 1),
    }


def component(thing: Thing) -> str:
    """Return the part of the release that an object belongs to."""
    name: str = (thing["metadata"].get("labels") or {}).get(_COMPONENT, "")
    return name


def seconds(stamp: str | None) -> float | None:
    """Return a time of the API server as Unix seconds."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else None
