"""What preflight reads around a workload besides its mesh: Services, policies, pods, who is at outbound ports.

Lists are of the workload's own namespace, once a ticket. One list goes over the cluster, of Services, only where
outbound ports are asked; of it names and numbers are kept. Pods of a few peers are looked at, the first of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import select

from portal.errors import Refused
from portal.mesh.demands import demand_of
from portal.mesh.destinations import Destination, arrivals
from portal.mesh.near import Near, Peer, Peers
from portal.mesh.pods import pod_facts
from portal.mesh.ports import Ports
from portal.mesh.services import dialled
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import label_selector_text
from portal.models import Namespace, Ticket
from workers.called import guards_of
from workers.cluster.protocol import Cluster
from workers.context import Context, Spot
from workers.looking import once

Object = Mapping[str, Any]
MOST_PEERS, MOST_PODS = 5, 20
_LISTS = {
    "services": ("Service", ("v1",)),
    "network_policies": ("NetworkPolicy", ("networking.k8s.io/v1",)),
    "servers": ("Server", ("policy.linkerd.io/v1beta3", "policy.linkerd.io/v1beta2", "policy.linkerd.io/v1beta1")),
    "authorizations": ("AuthorizationPolicy", ("policy.linkerd.io/v1alpha1",)),
    "old_authorizations": ("ServerAuthorization", ("policy.linkerd.io/v1beta1", "policy.linkerd.io/v1alpha1")),
    "identities": ("MeshTLSAuthentication", ("policy.linkerd.io/v1alpha1",)),
    "routes": ("HTTPRoute", ("policy.linkerd.io/v1beta3", "policy.linkerd.io/v1beta1")),
}
_SCALERS = {"autoscalers": ("HorizontalPodAutoscaler", ("autoscaling/v2",))}


def with_near(context: Context, ticket: Ticket, spot: Spot, view: InventoryView, wanted: Want) -> InventoryView:
    """The view with what is around the workload, as far as this change has to do with it."""
    cluster = context.connect(spot.cluster)
    pods = tuple(pod_facts(pod) for pod in cluster.pods(dict(view.obj)))
    key = (spot.cluster, spot.ref.namespace, "near", str(_passes_by(wanted)))
    near = once(context, key, partial(_lists, cluster, spot, wanted))
    near = replace(near, pods=pods)
    if wanted.skip_outbound:
        try:
            near = replace(near, peers=_peers(context, ticket, wanted.skip_outbound, view))
        except Refused as error:
            near = replace(near, unread=tuple(dict.fromkeys((*near.unread, error.sentence))))
    return replace(view, near=near)


def _passes_by(wanted: Want) -> bool:
    return bool(wanted.skip_inbound or wanted.skip_outbound or wanted.disable_injection)


def _lists(cluster: Cluster, spot: Spot, wanted: Want) -> Near:
    unread: list[str] = []
    lists = {**_SCALERS, **(_LISTS if _passes_by(wanted) else {})}
    found = {
        name: _tried(partial(_newest, cluster, spot.ref.namespace, kind, versions), unread)
        for name, (kind, versions) in lists.items()
    }
    return Near(**found, unread=tuple(dict.fromkeys(unread)))  # type: ignore[arg-type]  # the names of lists alone


def _tried(read: Callable[[], tuple[Object, ...]], unread: list[str]) -> tuple[Object, ...]:
    try:
        return read()
    except Refused as error:
        # A right that is missing hides a fact; it is said and hinders nothing else.
        unread.append(error.sentence)
        return ()


def _newest(cluster: Cluster, namespace: str, kind: str, versions: Iterable[str]) -> tuple[Object, ...]:
    """The objects by the newest version that is served: an older one would leave fields out."""
    found = (tuple(cluster.objects(version, kind, namespace)) for version in versions)
    return next((some for some in found if some), ())


def _peers(context: Context, ticket: Ticket, ports: Ports, view: InventoryView) -> Peers:
    cluster, home = context.connect(ticket.cluster or ""), view.ref.namespace
    read = partial(_told, context, ticket, cluster, ports, view)
    return once(context, (cluster.name, home, "peers", str(ports)), read)


def _told(context: Context, ticket: Ticket, cluster: Cluster, ports: Ports, view: InventoryView) -> Peers:
    own, home = _namespaces(context, ticket), view.ref.namespace
    named: list[tuple[Peer, Object]] = []
    elsewhere: dict[int, int] = {}
    for service in cluster.objects("v1", "Service"):
        where = service["metadata"].get("namespace", "")
        for port in dialled(service, ports):
            if where in own:
                named.append((Peer(where, service["metadata"]["name"], port), service))
            else:
                elsewhere[port] = elsewhere.get(port, 0) + 1
    named.sort(key=lambda one: (one[0].namespace != home, one[0]))
    looked = [_looked_at(context, cluster, one, view) for one in named[:MOST_PEERS]]
    return Peers((*looked, *(peer for peer, _ in named[MOST_PEERS:])), elsewhere)


def _namespaces(context: Context, ticket: Ticket) -> set[str]:
    """The tenant's own on this cluster: only these may be named."""
    chosen = select(Namespace.name).where(Namespace.cluster == ticket.cluster, Namespace.tenant_id == ticket.tenant_id)
    with context.database.reading() as session:
        return set(session.scalars(chosen))


def _looked_at(context: Context, cluster: Cluster, pair: tuple[Peer, Object], view: InventoryView) -> Peer:
    peer, service = pair
    guards = partial(guards_of, cluster, [peer.namespace], view.defaults)
    around = once(context, (cluster.name, peer.namespace, "guards"), guards)
    around = replace(around, services=[service], pods=_some_pods(cluster, service))
    destination = Destination(peer.namespace, peer.service, peer.port)
    found = arrivals(destination, around.services, around.pods)
    if isinstance(found, str):
        return peer
    return replace(peer, meshed=any(one.passes_proxy for one in found), demands=demand_of(destination, around))


def _some_pods(cluster: Cluster, service: Object) -> list[Object]:
    """The first pods behind it: they are alike, and there may be thousands."""
    selector = (service.get("spec") or {}).get("selector")
    if not selector:
        return []
    text = label_selector_text({"matchLabels": selector})
    return list(islice(cluster.objects("v1", "Pod", service["metadata"].get("namespace"), text), MOST_PODS))
