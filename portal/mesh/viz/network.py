"""Whether NetworkPolicies of a namespace keep Viz out: tap dials the proxy on 4190, Prometheus on 4191."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portal.mesh.injection import selects
from portal.mesh.network import Labels, Object, is_type, selects_pod

TAP_PORT = 4190
METRICS_PORT = 4191
_NAMES = {METRICS_PORT: "linkerd-admin"}
_COMPONENTS = {TAP_PORT: "tap", METRICS_PORT: "prometheus"}
_EVERYWHERE = ("0.0.0.0/0", "::/0")


def blocked(
    port: int, policies: Iterable[Mapping[str, Any]], workloads: Mapping[str, Labels], viz_namespace: Object
) -> list[str]:
    """The names, of those in `workloads` (name to its pods' labels), whose pods are isolated for ingress and admit
    nothing from Viz on TAP_PORT or METRICS_PORT. `viz_namespace` is Viz's Namespace, as it is or will be."""
    found = [policy for policy in policies if is_type(policy, "Ingress")]
    return sorted(name for name, labels in workloads.items() if _is_blocked(port, found, labels, viz_namespace))


def _is_blocked(port: int, policies: list[Mapping[str, Any]], labels: Labels, viz_namespace: Object) -> bool:
    chosen = [policy for policy in policies if selects_pod(policy, labels)]
    rules = [rule for policy in chosen for rule in (policy.get("spec") or {}).get("ingress") or []]
    admitted = any(_has_port(rule, port) and _has_viz(rule, port, viz_namespace) for rule in rules)
    return bool(chosen) and not admitted


def _has_port(rule: Mapping[str, Any], port: int) -> bool:
    ports = rule.get("ports") or []
    return not ports or any(_is_port(one, port) for one in ports)


def _is_port(entry: Mapping[str, Any], port: int) -> bool:
    if entry.get("protocol", "TCP") != "TCP":
        return False
    first = entry.get("port")
    if isinstance(first, str):
        return first == _NAMES.get(port)
    return first is None or first <= port <= (entry.get("endPort") or first)


def _has_viz(rule: Mapping[str, Any], port: int, viz_namespace: Object) -> bool:
    peers = rule.get("from") or []
    return not peers or any(_is_viz(peer, port, viz_namespace) for peer in peers)


def _is_viz(peer: Mapping[str, Any], port: int, viz_namespace: Object) -> bool:
    if "ipBlock" in peer:
        # Nobody here knows the addresses of pods to come; only the whole network is sure to hold them.
        block = peer["ipBlock"] or {}
        return block.get("cidr") in _EVERYWHERE and not block.get("except")
    if peer.get("namespaceSelector") is None:
        return False
    metadata = viz_namespace["metadata"]
    namespace = {"kubernetes.io/metadata.name": metadata["name"], **(metadata.get("labels") or {})}
    pod = {"linkerd.io/extension": "viz", "component": _COMPONENTS[port]}
    pods = peer.get("podSelector")
    return selects(peer["namespaceSelector"], namespace) and (pods is None or selects(pods, pod))
