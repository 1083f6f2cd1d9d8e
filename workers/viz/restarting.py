"""The restart that makes pods tappable that are older than Viz: once a ticket, as `kubectl rollout restart` does."""

from __future__ import annotations

from collections.abc import Iterator

from portal.mesh.pods import CONTROL_PLANE_LABEL
from portal.mesh.rollouts import rollout_blockers, rollout_of
from portal.mesh.viz.findings import is_older
from portal.mesh.workloads import WorkloadRef, template_annotations
from portal.models import Ticket
from workers.cluster.protocol import Cluster, Object
from workers.context import Context, Spot
from workers.handlers import Work
from workers.viz.scene import FINISHED, meshed_pods

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
TAP_ENABLED = "viz.linkerd.io/tap-enabled"
KINDS = ("deployment", "statefulset", "daemonset")


def restart(context: Context, work: Work, ticket: Ticket) -> None:
    """Have the workloads replace pods that Viz has not made tappable.

    The time that is written is the ticket's own, so a worker that does it again restarts nothing twice.
    """
    cluster = context.connect(work.spot.cluster)
    for obj in _workloads(cluster, work.spot):
        if not rollout_blockers(obj) and _has_older(cluster, obj):
            work.keep()
            patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: _mark(ticket)}}}}}
            cluster.patch_workload(WorkloadRef.of(obj), patch)


def restarted(context: Context, work: Work, ticket: Ticket) -> tuple[list[str], list[str]]:
    """The workloads that the ticket restarted, and in sentences whose pods are not all replaced yet."""
    cluster, names, waiting = context.connect(work.spot.cluster), [], []
    for obj in _workloads(cluster, work.spot):
        if template_annotations(obj).get(RESTARTED_AT) == _mark(ticket):
            names.append(str(WorkloadRef.of(obj)))
            if not rollout_of(obj).complete:
                waiting.append(f"{WorkloadRef.of(obj)} is being restarted.")
    return names, waiting


def held_back(context: Context, spot: Spot) -> list[str]:
    """Why workloads keep pods that cannot be tapped although the restart was asked for, a sentence each."""
    cluster = context.connect(spot.cluster)
    return [
        f"{WorkloadRef.of(obj)} is not restarted: {' '.join(reasons)}"
        for obj in _workloads(cluster, spot)
        if (reasons := rollout_blockers(obj)) and _has_older(cluster, obj)
    ]


def leftovers(context: Context, spot: Spot) -> int:
    """How many pods of the namespace Viz has made tappable."""
    found = meshed_pods(context.connect(spot.cluster), spot.ref.namespace)
    return sum((pod["metadata"].get("annotations") or {}).get(TAP_ENABLED) == "true" for pod in found)


def _workloads(cluster: Cluster, spot: Spot) -> Iterator[Object]:
    return (obj for obj in cluster.workloads(spot.ref.namespace) if obj["kind"].lower() in KINDS)


def _has_older(cluster: Cluster, workload: Object) -> bool:
    return any(map(is_older, _meshed(cluster.pods(workload))))


def _meshed(pods: list[Object]) -> list[Object]:
    return [
        pod
        for pod in pods
        if CONTROL_PLANE_LABEL in (pod["metadata"].get("labels") or {})
        and (pod.get("status") or {}).get("phase") not in FINISHED
        and not pod["metadata"].get("deletionTimestamp")
    ]


def _mark(ticket: Ticket) -> str:
    if ticket.writing_from is None:
        raise ValueError(f"{ticket.ref} has not begun to write")
    return ticket.writing_from.replace(microsecond=0).isoformat().replace("+00:00", "Z")
