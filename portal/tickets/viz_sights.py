"""A cluster and namespaces as the kind `viz-enablement` looks at them, from the inventory: `sights.look` finds it here.

Workers make the same scene of what they read (workers/viz/scene.py); what only the database knows comes from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.kinds.base import Fields
from portal.mesh.stamp import nonce_of
from portal.mesh.viz.bundle import Bundle
from portal.mesh.viz.findings import NamespaceScene, VizScene
from portal.mesh.viz.presence import Presence, presence_of
from portal.mesh.viz.views import VIZ_NAMESPACE, VIZ_REF, TapView, VizView
from portal.mesh.workloads import WorkloadRef, template_of
from portal.models import Target
from portal.queries import NamespaceView, Place
from portal.registry.bundles import bundle_of, tenants_on
from portal.tickets.seen import Seen, Sight, namespace_seen

NOT_READ = "No worker has read it yet: try again in a minute."


def cluster_seen(session: Session, place: Place, fields: Fields, refs: Sequence[WorkloadRef]) -> Seen:
    """The cluster's Viz and the namespaces as last seen; raises NotReady where one was not seen yet."""
    cluster = str(place.cluster)
    views = [namespace_seen(session, cluster, name) for name in fields["namespaces"]]
    scene = replace(
        known_scene(session, cluster, fields),
        namespaces=tuple(_namespace(session, view) for view in views),
        presence=presence_seen(session, cluster),
    )
    within = scene.bundle.namespace if scene.bundle else VIZ_NAMESPACE
    taps = [TapView(name, within) for name in fields["namespaces"]]
    seen: list[VizView | TapView] = [VizView(scene, installed=is_installed(session, cluster)), *taps]
    return Seen([Sight(view, _target(session, cluster, view.ref)) for view in seen], views[0].seen_at)


def known_scene(session: Session, cluster: str, fields: Fields) -> VizScene:
    """What the database alone tells of a request for Viz: bundle, tenants, what the registry allows.

    Where tickets have Viz already, the bundle is theirs, whatever the registry names by now.
    """
    row, pinned = queries.viz_bundle(session, cluster), _pinned(session, cluster)
    bundle = pinned or (bundle_of(row) if row else None)
    return VizScene(
        cluster=cluster,
        namespaces=(),
        bundle=bundle,
        problem=(row.problem or NOT_READ) if row and bundle is None else None,
        tenants=tenants_on(session, cluster),
        shared_dashboard=row.shared_dashboard if row else None,
        restart=bool(fields["restart"]),
    )


def presence_seen(session: Session, cluster: str) -> Presence:
    """The Viz that workers last saw on the cluster and that no ticket put there."""
    return presence_of(
        queries.viz_seen(session, cluster, "Namespace"),
        queries.viz_seen(session, cluster, "APIService"),
        is_ours=ours(session, cluster),
    )


def ours(session: Session, cluster: str) -> Callable[[Mapping[str, Any]], bool]:
    """Tells whether an object is on our record: it carries a nonce of it."""
    known = queries.nonces(session, cluster)
    return lambda obj: nonce_of(obj) in known


def is_installed(session: Session, cluster: str) -> bool:
    """Whether tickets have Viz on the cluster, or are about to take it away."""
    target = _target(session, cluster, VIZ_REF)
    return target is not None and queries.anything_on_record(session, target.id)


def _pinned(session: Session, cluster: str) -> Bundle | None:
    target = _target(session, cluster, VIZ_REF)
    memory = target.memory if target is not None else {}
    return Bundle.from_json(memory["bundle"]) if memory.get("bundle") and not memory["removing"] else None


def _namespace(session: Session, view: NamespaceView) -> NamespaceScene:
    cluster, name = view.cluster.cluster, view.namespace.name
    return NamespaceScene(
        namespace={"metadata": {**view.namespace.metadata_, "name": name}},
        policies=queries.objects_seen(session, cluster, "NetworkPolicy", name),
        workloads={f"{row.kind}/{row.name}": labels_of(row.object) for row in view.workloads.values() if row.meshed},
        skips=tuple(queries.skips(session, cluster, name)),
    )


def labels_of(workload: Mapping[str, Any]) -> dict[str, str]:
    """The labels of a workload's pods, or of a pod itself."""
    source = workload if workload["kind"] == "Pod" else template_of(workload)
    return dict((source.get("metadata") or {}).get("labels") or {})


def _target(session: Session, cluster: str, ref: WorkloadRef) -> Target | None:
    return queries.targets_of(session, cluster, ref.namespace).get((ref.kind, ref.name))
