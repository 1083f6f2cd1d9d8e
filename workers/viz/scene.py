"""A cluster and namespaces as a request for Viz meets them, read now: the preflight decides by it."""

from __future__ import annotations

from dataclasses import replace

from portal import queries
from portal.errors import Gone
from portal.mesh.pods import CONTROL_PLANE_LABEL
from portal.mesh.viz.findings import NamespaceScene, is_older
from portal.mesh.viz.views import VizView
from portal.models import Ticket
from portal.tickets.viz_sights import is_installed, known_scene, labels_of
from workers.cluster.protocol import Cluster, Object
from workers.context import Context, Spot
from workers.viz.installing import presence

FINISHED = ("Succeeded", "Failed")


def view_of(context: Context, ticket: Ticket, spot: Spot) -> VizView:
    """The cluster's Viz with the ticket's namespaces. Raises Gone where one of them is not there or about to go."""
    cluster = context.connect(spot.cluster)
    found = presence(context, spot)
    with context.database.reading() as session:
        scene = known_scene(session, spot.cluster, ticket.fields)
        installed = is_installed(session, spot.cluster)
        skips = {name: tuple(queries.skips(session, spot.cluster, name)) for name in ticket.fields["namespaces"]}
    namespaces = tuple(replace(_namespace(cluster, name), skips=skips[name]) for name in ticket.fields["namespaces"])
    return VizView(replace(scene, presence=found, namespaces=namespaces), installed=installed)


def _namespace(cluster: Cluster, name: str) -> NamespaceScene:
    namespace = cluster.namespace(name)
    if namespace["metadata"].get("deletionTimestamp"):
        raise Gone(f"Namespace {name} on cluster {cluster.name} is being deleted.")
    pods = meshed_pods(cluster, name)
    policies = tuple(cluster.objects("networking.k8s.io/v1", "NetworkPolicy", name))
    return NamespaceScene(
        namespace=namespace,
        policies=policies,
        # The pods themselves tell what is meshed, and which labels a policy would meet.
        workloads={f"pod/{pod['metadata']['name']}": labels_of(pod) for pod in pods} if policies else {},
        older_pods=sum(map(is_older, pods)),
    )


def meshed_pods(cluster: Cluster, namespace: str) -> list[Object]:
    """The pods of a namespace that have the proxy and have not ended."""
    return [
        pod
        for pod in cluster.objects("v1", "Pod", namespace, CONTROL_PLANE_LABEL)
        if (pod.get("status") or {}).get("phase") not in FINISHED and not pod["metadata"].get("deletionTimestamp")
    ]
