"""Who calls a workload, as far as policies name them: identities in Linkerd's, pods in NetworkPolicies. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portal.mesh.guards import guards
from portal.mesh.near import Near
from portal.mesh.network import is_type, selects_pod
from portal.mesh.ports import Ports
from portal.mesh.services import pod_labels
from portal.mesh.view import InventoryView
from portal.mesh.workloads import label_selector_text

Object = Mapping[str, Any]


def known_callers(view: InventoryView, ports: Ports) -> list[str]:
    """The callers of these ports that some policy of the namespace lets in by name, each with the policy."""
    if view.near is None:
        return []
    found = [*_by_identity(view, view.near, ports), *_by_network(view, view.near)]
    return list(dict.fromkeys(found))


def _by_identity(view: InventoryView, near: Near, ports: Ports) -> Iterator[str]:
    counting = {name for guard in guards(view.obj, near, ports) for name in guard.authorizations}
    identities = {one["metadata"]["name"]: one for one in near.identities}
    for policy in near.authorizations:
        name = policy["metadata"]["name"]
        if f"AuthorizationPolicy {name}" not in counting:
            continue
        for reference in policy["spec"].get("requiredAuthenticationRefs") or []:
            if reference.get("kind") == "ServiceAccount":
                yield f"{reference['name']} (AuthorizationPolicy {name})"
            elif reference.get("kind") == "MeshTLSAuthentication":
                known = identities.get(reference.get("name"), {})
                yield from (f"{who} (AuthorizationPolicy {name})" for who in _identified(known))


def _identified(identity: Object) -> Iterator[str]:
    spec = identity.get("spec") or {}
    for text in spec.get("identities") or []:
        # `web.shop.serviceaccount.identity.linkerd.cluster.local` is ServiceAccount web of shop.
        yield str(text).partition(".serviceaccount.identity.")[0]
    for one in spec.get("identityRefs") or []:
        yield f"{str(one.get('kind', '')).lower()} {one.get('name', 'of this namespace')}"


def _by_network(view: InventoryView, near: Near) -> Iterator[str]:
    labels = pod_labels(view.obj)
    for policy in near.network_policies:
        if not is_type(policy, "Ingress") or not selects_pod(policy, labels):
            continue
        for rule in (policy.get("spec") or {}).get("ingress") or []:
            for peer in rule.get("from") or []:
                if peer.get("podSelector"):
                    who = label_selector_text(peer["podSelector"])
                    yield f"pods {who} (NetworkPolicy {policy['metadata']['name']})"
