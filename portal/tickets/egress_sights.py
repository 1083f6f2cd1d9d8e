"""Namespaces as the kind `control-plane-egress` looks at them, from the inventory: `sights.look` finds it here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from portal import queries
from portal.kinds.base import Fields
from portal.mesh.egress import EgressScene
from portal.mesh.workloads import WorkloadRef
from portal.models import Target
from portal.queries import NamespaceView, Place
from portal.tickets.routing import surroundings_seen
from portal.tickets.seen import Seen, Sight, namespace_seen

_POLICY = "NetworkPolicy"


def namespaces_seen(session: Session, place: Place, fields: Fields, refs: Sequence[WorkloadRef]) -> Seen:
    """The namespaces with their workloads and policies as last seen; raises NotReady where one was not seen yet."""
    cluster = str(place.cluster)
    views = [namespace_seen(session, cluster, ref.namespace) for ref in refs]
    sights = [
        Sight(scene_seen(session, view), _target(session, cluster, ref)) for view, ref in zip(views, refs, strict=True)
    ]
    return Seen(sights, views[0].seen_at)


def scene_seen(session: Session, view: NamespaceView) -> EgressScene:
    """One namespace with its workloads and policies as last seen."""
    around, cluster, name = surroundings_seen(view), view.cluster.cluster, view.namespace.name
    inside = around.namespace.get("metadata") or {}
    return EgressScene(
        namespace={"metadata": {**inside, "name": name}},
        workloads=tuple(row.object for row in view.workloads.values()),
        policies=queries.objects_seen(session, cluster, _POLICY, name),
        control_plane_policies=queries.objects_seen(session, cluster, _POLICY, around.defaults.namespace),
        mesh=around.defaults,
        webhook=around.webhook,
    )


def _target(session: Session, cluster: str, ref: WorkloadRef) -> Target | None:
    return queries.targets_of(session, cluster, ref.namespace).get((ref.kind, ref.name))
