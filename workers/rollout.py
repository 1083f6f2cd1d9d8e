"""Watching a rollout: what the pods of a target show now, for progress, evidence and proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session, joinedload

from portal import queries
from portal.mesh.annotations import KEYS
from portal.mesh.comparison import differences
from portal.mesh.diff import template_diff
from portal.mesh.pods import pod_facts
from portal.mesh.proof import Proof, prove
from portal.mesh.rollouts import rollout_blockers
from portal.mesh.stalls import followed, stalls
from portal.mesh.workloads import field_owners, template_annotations
from portal.models import Ticket, TicketTarget
from portal.tickets.expectation import Surroundings
from workers.context import Context, Spot
from workers.converge import spot_of
from workers.handlers import Before, Observation
from workers.pod_events import injector_said, refused_pods


@dataclass(frozen=True)
class WorkloadObservation:
    """One target as its cluster shows it: the object, its pods, and whether they match.

    `stalls` says why the rollout does not go on, `injector` what Linkerd's injector told of the pods.
    """

    spot: Spot
    obj: dict[str, Any]
    proof: Proof
    stalls: tuple[str, ...] = ()
    injector: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rolled_out(self) -> bool:
        """True when every pod shows the template."""
        return self.proof.rolled_out

    @property
    def matching(self) -> bool:
        """True when every pod that still runs shows the template."""
        return self.proof.matching

    def progress(self) -> dict[str, Any]:
        """The rollout in numbers and sentences."""
        return {**self.proof.progress(), "stalled": " ".join(self.stalls) or None}

    def evidence(self, before: Mapping[str, Before]) -> dict[str, Any]:
        """What is kept: annotations, how they differ from `before` the first write, who owns them, pods; JSON-safe."""
        annotations = mesh_annotations(self.obj)
        then = before.get(str(self.spot.ref), {})
        pods = [pod.to_json() for pod in self.proof.pods]
        return {
            "workload": str(self.spot.ref),
            "uid": self.obj["metadata"]["uid"],
            "resource_version": self.obj["metadata"]["resourceVersion"],
            "annotations": annotations,
            "change": template_diff(then.get("annotations", {}), annotations),
            "field_owners": field_owners(self.obj, KEYS),
            "pods": pods,
            "compared": differences(then.get("pods", []), pods),
            "injector": dict(self.injector),
        }

    def blockers(self) -> list[str]:
        """Sentences on why its pods will not come to show the template, for as long as nobody mends that."""
        return [f"{self.spot.ref}: {sentence}" for sentence in rollout_blockers(self.obj)]


def mesh_annotations(obj: dict[str, Any]) -> dict[str, str]:
    """The annotations of the pod template that say something to Linkerd."""
    return {key: value for key, value in sorted(template_annotations(obj).items()) if "linkerd.io/" in key}


def observe(context: Context, spot: Spot, around: Surroundings) -> WorkloadObservation:
    """Read the target and its pods now; raises what the cluster raises."""
    cluster = context.connect(spot.cluster)
    obj = cluster.workload(spot.ref)
    pods = cluster.pods(obj)
    proof = prove(
        obj,
        pods,
        namespace=around.namespace,
        defaults=around.defaults,
        webhook=around.webhook,
    )
    hindered = stalls(obj, pods, proof.rollout, datetime.now(UTC)) or refused_pods(cluster, obj, pods, proof.rollout)
    return WorkloadObservation(spot, obj, proof, tuple(hindered))


def with_injector_events(context: Context, seen: Observation) -> Observation:
    """The same with what Linkerd's injector told of its pods; that it cannot be read hinders nothing."""
    if not isinstance(seen, WorkloadObservation):
        return seen
    return replace(seen, injector=injector_said(context.connect(seen.spot.cluster), seen.obj))


def pods_before(context: Context, spot: Spot, obj: dict[str, Any]) -> dict[str, Any]:
    """A target as it was before the first write, as evidence."""
    pods = [pod_facts(pod).to_json() for pod in context.connect(spot.cluster).pods(obj)]
    annotations = mesh_annotations(obj)
    return {"workload": str(spot.ref), "uid": obj["metadata"]["uid"], "annotations": annotations, "pods": pods}


def seen_before(session: Session, ticket_id: int) -> dict[str, Before]:
    """What each target of a ticket was like before its first write; {} where nothing was written yet."""
    found = queries.latest_evidence(session, ticket_id, "before")
    return {} if found is None else {target["workload"]: target for target in found.data["targets"]}


def evidence_of(observations: Sequence[Observation], before: Mapping[str, Before]) -> dict[str, Any]:
    """The evidence of a whole ticket: what each target shows, and the rollouts' last numbers."""
    return {"targets": [one.evidence(before) for one in observations], "progress": progress_of(observations)}


def progress_of(observations: Sequence[Observation]) -> dict[str, Any]:
    """The rollouts by workload, in numbers and sentences."""
    return {str(one.spot.ref): one.progress() for one in observations}


def follow(ticket: Ticket, seen: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The rollouts as the ticket keeps them, after what it kept of them before: what hangs says so."""
    kept, phase = ticket.progress or {}, ticket.state.value
    return {
        name: followed(kept.get(name) or {}, one, phase=phase, now=now) if "desired" in one else one
        for name, one in seen.items()
    }


def pace(since: datetime | None, now: datetime) -> timedelta:
    """How long to wait before looking at a rollout again: often at first, then ever more seldom."""
    age = timedelta(0) if since is None else now - since
    if age < timedelta(minutes=1):
        return timedelta(seconds=1)
    return timedelta(seconds=5) if age < timedelta(minutes=10) else timedelta(seconds=30)


def links_of(session: Session, ticket_id: int) -> list[tuple[TicketTarget, Spot]]:
    """A ticket's links as they are now, with where their targets are, in a fixed order."""
    query = session.query(TicketTarget).filter_by(ticket_id=ticket_id).options(joinedload(TicketTarget.target))
    return [(link, spot_of(link.target)) for link in query.order_by(TicketTarget.target_id)]
