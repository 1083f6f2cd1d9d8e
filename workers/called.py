"""What is around the Services that Jobs call: objects of the called namespaces that say who is let in. Only read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from portal.errors import Gone
from portal.mesh.annotations import MeshDefaults
from portal.mesh.demands import Surroundings
from portal.mesh.destinations import Destination
from workers.cluster.protocol import Cluster

Object = Mapping[str, Any]

# The newest version first that a Linkerd may serve: an older one would leave fields out, such as accessPolicy.
_SERVERS = ("v1beta3", "v1beta2", "v1beta1")
_SERVER_AUTHORIZATIONS = ("v1beta1", "v1alpha1")
_POLICIES = ("v1alpha1",)


def called_by(cluster: Cluster, destinations: Iterable[Destination], defaults: MeshDefaults) -> Surroundings:
    """All that decides whether these destinations take calls without a mesh identity.

    Raises Refused where Meshdesk may not read some of it: what is not read would be taken for open.
    """
    names = sorted({one.namespace for one in destinations})
    services, pods = _all(cluster, names, "v1", "Service"), _all(cluster, names, "v1", "Pod")
    return replace(guards_of(cluster, names, defaults), services=services, pods=pods)


def guards_of(cluster: Cluster, names: list[str], defaults: MeshDefaults) -> Surroundings:
    """The same without Services and pods: what in these namespaces says who is let in."""
    return Surroundings(
        namespaces=[one for name in names if (one := _namespace(cluster, name))],
        servers=_policies(cluster, names, "Server", _SERVERS),
        authorization_policies=_policies(cluster, names, "AuthorizationPolicy", _POLICIES),
        server_authorizations=_policies(cluster, names, "ServerAuthorization", _SERVER_AUTHORIZATIONS),
        network_authentications=_policies(cluster, names, "NetworkAuthentication", _POLICIES),
        default_policy=defaults.default_inbound_policy,
    )


def _all(cluster: Cluster, namespaces: list[str], api_version: str, kind: str) -> list[Object]:
    return [one for name in namespaces for one in cluster.objects(api_version, kind, name)]


def _namespace(cluster: Cluster, name: str) -> Object | None:
    try:
        return cluster.namespace(name)
    except Gone:
        return None


def _policies(cluster: Cluster, namespaces: list[str], kind: str, versions: tuple[str, ...]) -> list[Object]:
    found = (_all(cluster, namespaces, f"policy.linkerd.io/{version}", kind) for version in versions)
    return next((some for some in found if some), [])
