"""NetworkPolicies: which pods one isolates, and the one that lets proxies reach Linkerd's control plane.

The kind `control-plane-egress` makes it, preflight and reconcile read through this; what is found is in egress.py.
The ports are those that the proxy dials on the control plane's pods; Linkerd's documentation has no such policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.injection import selects
from portal.mesh.objects import MANAGED
from portal.mesh.pods import CONTROL_PLANE_LABEL
from portal.mesh.versions import Feature, LinkerdVersion

Object = dict[str, Any]
Labels = Mapping[str, str]

POLICY_NAME = "allow-linkerd-control-plane-egress"
INJECTED, ALL = "injected", "all"
REFUSE, ALLOW_EVERYTHING_ELSE = "refuse", "allow-everything-else"
NODE_LOCAL_DNS = "169.254.20.10/32"
MESH_PORT = 4143
# identity, destination, policy.
_CONTROL_PORTS = (8080, 8086, 8090)
_NAME_LABEL = "kubernetes.io/metadata.name"
_COMPONENT = "linkerd.io/control-plane-component"


@dataclass(frozen=True)
class EgressAsk:
    """What the policy is to be: for `injected` pods or `all`; with DNS, with NodeLocal DNSCache, with the meshed peers'
    port 4143; and, where no other policy isolates the pods, `refuse` or `allow-everything-else`."""

    pods: str = INJECTED
    dns: bool = True
    node_local_dns: bool = False
    peers: bool = True
    if_alone: str = REFUSE


def is_type(policy: Mapping[str, Any], direction: str) -> bool:
    """Whether a policy isolates for `Egress` or `Ingress`: as listed, else Ingress and, if it has rules, Egress."""
    spec = policy.get("spec") or {}
    if spec.get("policyTypes"):
        return direction in spec["policyTypes"]
    return direction == "Ingress" or bool(spec.get("egress"))


def selects_pod(policy: Mapping[str, Any], labels: Labels) -> bool:
    """Whether a policy of the pod's own namespace selects a pod with these labels."""
    return selects((policy.get("spec") or {}).get("podSelector"), labels)


def egress_isolated(labels: Labels, policies: Iterable[Mapping[str, Any]]) -> bool:
    """Whether any of these policies of its namespace isolates pods with these labels for egress."""
    return any(is_type(policy, "Egress") and selects_pod(policy, labels) for policy in policies)


def tenants_own(policies: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The policies that Meshdesk did not make: those of other tickets go when their tickets end."""
    return [one for one in policies if ((one.get("metadata") or {}).get("labels") or {}).get(MANAGED) != "true"]


def isolates_alone(
    ours: Mapping[str, Any], others: Iterable[Mapping[str, Any]], workloads: Mapping[str, Labels]
) -> list[str]:
    """The names, of those in `workloads` (name to its pods' labels, Linkerd's with them), whose pods our policy
    selects and no tenant's policy in `others` isolates for egress; `others` may hold ours."""
    theirs = tenants_own(others)
    return sorted(
        name for name, labels in workloads.items() if selects_pod(ours, labels) and not egress_isolated(labels, theirs)
    )


def allows_everything(policy: Mapping[str, Any]) -> bool:
    """Whether a policy has an egress rule without peers and ports, which lets its pods reach everything."""
    rules = (policy.get("spec") or {}).get("egress") or []
    return any(not rule.get("to") and not rule.get("ports") for rule in rules)


def egress_policy(
    ask: EgressAsk, *, name: str, namespace: str, mesh: MeshDefaults, allow_everything_else: bool = False
) -> Object:
    """The manifest, without our labels. `allow_everything_else` adds the rule that lets the pods reach everything: use
    `egress.needs_open_rule`, since on pods that another policy isolates it would undo that policy."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "podSelector": {"matchLabels": _meshed(mesh)} if ask.pods == INJECTED else {},
            "policyTypes": ["Egress"],
            "egress": [*_rules(ask, mesh), *([{}] if allow_everything_else else [])],
        },
    }


def peers_rule_applies(ask: EgressAsk, mesh: MeshDefaults) -> bool:
    """Whether the rule for the peers' port is written: when asked, unless this version is known not to use it."""
    version = LinkerdVersion.parse(mesh.version)
    return ask.peers and (version is None or version.has(Feature.MESHED_PORT_4143))


def _rules(ask: EgressAsk, mesh: MeshDefaults) -> list[Object]:
    rules = [_control_plane(mesh)]
    if dns := _dns(ask):
        ports = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
        rules.append({"to": dns, "ports": ports})
    if peers_rule_applies(ask, mesh):
        # The tightest that works: a proxy takes for a peer only pods that carry the name of its own control plane.
        peers = {"namespaceSelector": {}, "podSelector": {"matchLabels": _meshed(mesh)}}
        rules.append({"to": [peers], "ports": [{"protocol": "TCP", "port": MESH_PORT}]})
    return rules


def _control_plane(mesh: MeshDefaults) -> Object:
    components = {"key": _COMPONENT, "operator": "In", "values": ["identity", "destination"]}
    # Both selectors in one item: namespace AND pods. As two items they would mean either.
    peer = {
        "namespaceSelector": {"matchLabels": {_NAME_LABEL: mesh.namespace}},
        "podSelector": {"matchExpressions": [components]},
    }
    return {"to": [peer], "ports": [{"protocol": "TCP", "port": port} for port in _CONTROL_PORTS]}


def _dns(ask: EgressAsk) -> list[Object]:
    found: list[Object] = []
    if ask.dns:
        pods = {"matchLabels": {"k8s-app": "kube-dns"}}
        found.append({"namespaceSelector": {"matchLabels": {_NAME_LABEL: "kube-system"}}, "podSelector": pods})
    if ask.node_local_dns:
        found.append({"ipBlock": {"cidr": NODE_LOCAL_DNS}})
    return found


def _meshed(mesh: MeshDefaults) -> dict[str, str]:
    return {CONTROL_PLANE_LABEL: mesh.namespace}
