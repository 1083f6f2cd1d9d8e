"""The Events that the stand-in injector writes about a pod's workload, as Linkerd's own does. injector.py calls it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kubernetes.dynamic.exceptions import NotFoundError

from portal.mesh.injection import Reason
from tests.controlplane.client import Client

SOURCE = "linkerd-proxy-injector"
_BETWEEN = ("ReplicaSet", "Job")


def note(client: Client, namespace: str, pod: dict[str, Any], reasons: Sequence[Reason]) -> None:
    """Keep what the injector says of the workload that the pod comes from; of a pod without one nothing."""
    owner = _workload_of(client, namespace, pod)
    if owner is not None:
        client.apply(_event(namespace, owner, reasons), manager=SOURCE)


def _workload_of(client: Client, namespace: str, pod: dict[str, Any]) -> dict[str, Any] | None:
    owner = _owner(pod)
    if owner is None or owner["kind"] not in _BETWEEN:
        return owner
    try:
        return _owner(client.get(owner["kind"], owner["name"], namespace)) or owner
    except NotFoundError:
        return None


def _owner(obj: dict[str, Any]) -> dict[str, Any] | None:
    return next(iter(obj["metadata"].get("ownerReferences") or []), None)


def _event(namespace: str, owner: dict[str, Any], reasons: Sequence[Reason]) -> dict[str, Any]:
    why = ", ".join(reason.text for reason in reasons)
    message = f"Linkerd sidecar proxy injection skipped: {why}" if why else "Linkerd sidecar proxy injected"
    same = hashlib.sha256(f"{owner['uid']}{message}".encode()).hexdigest()[:16]
    about = {part: owner[part] for part in ("apiVersion", "kind", "name", "uid")}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{owner['name']}.{same}"[-253:], "namespace": namespace},
        "involvedObject": {**about, "namespace": namespace},
        "reason": "InjectionSkipped" if why else "Injected",
        "message": message,
        "type": "Normal",
        "source": {"component": SOURCE},
        "reportingComponent": SOURCE,
        "reportingInstance": SOURCE,
        "lastTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "count": 1,
    }
