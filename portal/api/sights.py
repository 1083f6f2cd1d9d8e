"""The inventory as the API shows it: what workers last saw of clusters and workloads, and how long ago."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portal.mesh.injection import why_not_injected
from portal.mesh.job_ways import Way, offers
from portal.mesh.rollouts import rollout_blockers
from portal.mesh.view import effective_report
from portal.mesh.workloads import container_ports, template_of, unpatchable_reason
from portal.models import InventoryCluster, InventoryWorkload
from portal.tickets.expectation import Surroundings


def age_seconds(seen_at: datetime | None, now: datetime) -> int | None:
    """Whole seconds since something was seen; None where it never was."""
    return None if seen_at is None else max(0, int((now - seen_at).total_seconds()))


def sight(seen: InventoryCluster | None, now: datetime) -> dict[str, Any]:
    """When a cluster was last seen, and why it was not since."""
    seen_at = None if seen is None else seen.seen_at
    problem = None if seen is None else seen.problem
    return {"seen_at": seen_at, "age_seconds": age_seconds(seen_at, now), "problem": problem}


def workload_view(row: InventoryWorkload, around: Surroundings) -> dict[str, Any]:
    """What WorkloadSchema shows."""
    obj, instead = row.object, unpatchable_reason(row.kind)
    # Workers have looked for the webhook: none in the inventory means that there is none.
    webhook = around.webhook or {}
    reasons = why_not_injected(pod_template_or_pod=_pod_like(obj), namespace=around.namespace, webhook=webhook)
    return {
        "workload": f"{row.kind}/{row.name}",
        "kind": row.kind,
        "name": row.name,
        "meshed": not reasons,
        "why_not": [{"code": reason.code, "text": reason.text} for reason in reasons],
        "container_ports": [port for span in container_ports(obj) for port in range(span.first, span.last + 1)],
        "annotations": effective_report(obj, around.namespace, around.defaults),
        "patchable": instead is None,
        "instead": instead,
        "blockers": rollout_blockers(obj) if instead is None else [],
        "kept_open": row.kept_open or [],
        "ways": [way.to_json() for way in _ways(row, around)] if not reasons else [],
    }


def _ways(row: InventoryWorkload, around: Surroundings) -> list[Way]:
    if row.kind not in ("job", "cronjob"):
        return []
    return offers(row.object, around.defaults, around.namespace["metadata"].get("annotations") or {})


def _pod_like(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return obj if str(obj.get("kind", "")).lower() == "pod" else template_of(obj)
