"""Which pods are a workload's, by ownerReferences: labels may select another's pods. kubernetes.py calls it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Object = dict[str, Any]

_HASH = "pod-template-hash"


def controller_of(obj: Object) -> Object | None:
    """The ownerReferences entry of the object's controller, None where it has none."""
    owners = obj["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def owned_by(obj: Object, candidates: Iterable[Object]) -> list[Object]:
    """The candidates whose controller is `obj` itself."""
    uid = obj["metadata"]["uid"]
    return [c for c in candidates if (owner := controller_of(c)) is not None and owner["uid"] == uid]


def owned_through(obj: Object, between: Iterable[Object], pods: Iterable[Object]) -> list[Object]:
    """The pods of a Deployment's ReplicaSets or a CronJob's Jobs, which are among `between`."""
    everything = list(between)
    known = {o["metadata"]["uid"] for o in everything}
    ours = {o["metadata"]["uid"] for o in owned_by(obj, everything)}
    return [pod for pod in pods if _is_ours(obj, pod, known, ours)]


def _is_ours(obj: Object, pod: Object, known: set[str], ours: set[str]) -> bool:
    owner = controller_of(pod)
    if owner is None:
        return False
    if owner["uid"] in known:
        return owner["uid"] in ours
    # The ReplicaSet may be gone before its last terminating pods (revisionHistoryLimit 0): its name still tells.
    pod_hash = pod["metadata"].get("labels", {}).get(_HASH)
    named = f"{obj['metadata']['name']}-{pod_hash}"
    return bool(pod_hash) and owner["kind"] == "ReplicaSet" and owner["name"] == named
