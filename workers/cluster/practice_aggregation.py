"""How the practice cluster's API server sees the APIs that others serve for it (Viz's tap). practice_objects.py asks.

An APIService is available when its Service has a pod that is ready; one that is not hangs every namespace deletion.
"""

from __future__ import annotations

from dataclasses import dataclass

from portal.mesh.injection import selects
from workers.cluster.practice_pods import Moment, is_ready, is_terminating
from workers.cluster.practice_store import Object

TAP_SILENT = "tap_silent"


@dataclass(frozen=True)
class Availability:
    """Condition Available of an APIService, with the reasons that an API server gives."""

    status: bool
    reason: str
    message: str


def shown(moment: Moment, obj: Object, api_version: str) -> Object:
    """The object as this version of its API gives it, an APIService with what is true of it at the moment."""
    as_asked = {**obj, "apiVersion": api_version}
    if obj["kind"] != "APIService":
        return as_asked
    told = availability(moment, obj)
    condition = {
        "type": "Available",
        "status": str(told.status),
        "reason": told.reason,
        "message": told.message,
        "lastTransitionTime": obj["metadata"]["creationTimestamp"],
    }
    return {**as_asked, "status": {"conditions": [condition]}}


def unavailable(moment: Moment) -> list[Object]:
    """The APIServices that are not available."""
    return [found for found in moment.store.all("apiservice") if not availability(moment, found).status]


def availability(moment: Moment, api_service: Object) -> Availability:
    """Whether the API is served, and why not."""
    service = (api_service.get("spec") or {}).get("service")
    if service is None:
        return Availability(True, "Local", "Local APIServices are always available")
    namespace, name = service["namespace"], service["name"]
    found = moment.store.get(("service", namespace, name))
    if found is None:
        return Availability(False, "ServiceNotFound", f'service/{name} in "{namespace}" is not present')
    if not _serves(moment, found):
        return Availability(
            False, "MissingEndpoints", f'endpoints for service/{name} in "{namespace}" have no addresses'
        )
    if moment.store.setting(TAP_SILENT, False):
        return Availability(False, "FailedDiscoveryCheck", f"failing or missing response from service/{name}")
    return Availability(True, "Passed", "all checks passed")


def _serves(moment: Moment, service: Object) -> bool:
    labels = (service.get("spec") or {}).get("selector")
    pods = moment.store.all("pod", service["metadata"]["namespace"]) if labels else []
    return any(
        is_ready(pod)
        and not is_terminating(pod)
        and selects({"matchLabels": labels}, pod["metadata"].get("labels") or {})
        for pod in pods
    )
