"""A preflight's rehearsal of the very change by server-side dry run, and what is kept of a look at a workload."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from portal.errors import Gone, Refused
from portal.mesh.admitted import admitted
from portal.mesh.annotations import KEYS
from portal.mesh.findings import Finding, Severity, finding
from portal.mesh.owner_findings import keys_of, snippet_for
from portal.mesh.owners import owners
from portal.mesh.service_findings import doors_opened
from portal.mesh.view import InventoryView, effective_report
from portal.mesh.want import Want
from portal.mesh.workloads import annotations_patch, field_owners
from portal.models import Ticket
from workers.cluster.protocol import Object
from workers.context import Context, Spot
from workers.handlers import blocking
from workers.rollout import mesh_annotations

_MOST_PATHS = 5


@dataclass(frozen=True)
class Rehearsed:
    """What the API server said to the change: findings, and the part of the evidence that has its answer."""

    findings: list[Finding] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)


def rehearse(
    context: Context, ticket: Ticket, spot: Spot, view: InventoryView, change: dict[str, Any] | None
) -> Rehearsed:
    """Have the API server check the very change without storing it; nothing where there is none."""
    if change is None:
        return Rehearsed()
    before, after = change["before"], change["after"]
    changes = {key: after.get(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    patch = annotations_patch(spot.ref.kind, changes, f"{ticket.ref};0", None)
    try:
        answer = context.connect(spot.cluster).patch_workload(spot.ref, patch, dry_run=True)
    except (Gone, Refused) as error:
        return Rehearsed([blocking("change-refused", spot, error.sentence)], {"dry_run": {"refused": error.sentence}})
    found = admitted(view.obj, answer, changes)
    return Rehearsed(_more(view, found["also"]), {"dry_run": found})


def _more(view: InventoryView, paths: list[str]) -> list[Finding]:
    if not paths:
        return []
    fact = f"The API server changes more than that: {', '.join(paths[:_MOST_PATHS])}."
    meaning = "A webhook of the cluster, or somebody's write since, adds this: the diff of the rehearsal shows it."
    return [finding(view, Severity.WARNING, "change-adds-more", fact, meaning)]


def report_of(spot: Spot, view: InventoryView, change: dict[str, Any] | None, wanted: Want) -> dict[str, Any]:
    """What evidence keeps of a workload: the change, what counts now and where from, who manages it and leads to it."""
    obj: Object = dict(view.obj)
    return {
        "workload": str(spot.ref),
        "uid": obj["metadata"]["uid"],
        "change": change,
        "effective": effective_report(obj, view.namespace, view.defaults),
        "annotations": mesh_annotations(obj),
        "field_owners": field_owners(obj, KEYS),
        "managed_by": [owner.to_json() for owner in owners(obj, keys_of(wanted))],
        "snippet": snippet_for(view, wanted, change),
        "services": [str(door) for door in doors_opened(view, wanted)],
        "linkerd": view.defaults.version,
    }
