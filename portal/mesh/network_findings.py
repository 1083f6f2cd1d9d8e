"""What preflight finds about NetworkPolicies that meant the proxy's port 4143: traffic past the proxy uses the ports of
the applications. impact.py calls it. Port numbers are judged, peers are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from portal.mesh.findings import Finding, Severity, finding
from portal.mesh.network import MESH_PORT, is_type, selects_pod
from portal.mesh.pods import CONTROL_PLANE_LABEL
from portal.mesh.ports import HIGHEST, PortRange, Ports
from portal.mesh.service_findings import opened
from portal.mesh.services import pod_labels
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import named_ports

Object = Mapping[str, Any]
_ALL = Ports([PortRange(0, HIGHEST)])


def network_findings(view: InventoryView, want: Want) -> Iterator[Finding]:
    """The ports that NetworkPolicies will deny although the change lets them pass the proxy by."""
    if view.near is None or not (want.skip_inbound or want.skip_outbound or want.disable_injection):
        return
    policies, labels = view.near.network_policies, pod_labels(view.obj)
    meshed = {**labels, CONTROL_PLANE_LABEL: view.defaults.namespace}
    # Without a proxy the pods lose Linkerd's label, and policies that select by it select them no more.
    then = labels if want.disable_injection else meshed
    if want.disable_injection:
        yield from _unselected(
            view, [one for one in policies if selects_pod(one, meshed) and not selects_pod(one, labels)]
        )
    inward = [one for one in policies if is_type(one, "Ingress") and selects_pod(one, then)]
    outward = [one for one in policies if is_type(one, "Egress") and selects_pod(one, then)]
    yield from _denied(view, "Ingress", inward, opened(view, want))
    yield from _denied(view, "Egress", outward, want.skip_outbound)
    if want.disable_injection:
        yield from _proxys_port(view, outward)
    yield from _clients(view, [one for one in policies if one not in outward], opened(view, want))


def lets(policies: Iterable[Object], direction: str, names: Mapping[str, int]) -> Ports:
    """The TCP ports that rules of these policies let through, whoever is at the other end."""
    found = Ports()
    for policy in policies:
        for rule in (policy.get("spec") or {}).get(direction.lower()) or []:
            found |= _ports(rule.get("ports"), names)
    return found


def _ports(ports: list[Object] | None, names: Mapping[str, int]) -> Ports:
    if not ports:
        return _ALL
    found = Ports()
    for one in ports:
        if one.get("protocol", "TCP") != "TCP":
            continue
        port = one.get("port")
        first = names.get(port) if isinstance(port, str) else port
        if port is None:
            return _ALL
        if first is not None:
            found |= Ports([PortRange(first, one.get("endPort") or first)])
    return found


def _denied(view: InventoryView, direction: str, policies: list[Object], ports: Ports) -> Iterator[Finding]:
    if not policies or not ports:
        return
    allowed = lets(policies, direction, named_ports(view.obj))
    if denied := ports - allowed:
        way, only = ("in", "") if direction == "Ingress" else ("out", "")
        only = f", only on {allowed}" if allowed and len(allowed.ranges) <= _FEW else only
        fact = f"NetworkPolicy {_names(policies)} lets nothing {way} on port {denied}{only}."
        meaning = (
            f"Meshed traffic uses the proxy's port {MESH_PORT}, this traffic its own: it is denied until a rule allows "
            "that. Policies count the pods' ports, not those of a Service."
        )
        yield finding(view, Severity.WARNING, f"network-policy-denies-{way}", fact, meaning)


_FEW = 4


def _proxys_port(view: InventoryView, policies: list[Object]) -> Iterator[Finding]:
    allowed = lets(policies, "Egress", {})
    if policies and MESH_PORT in allowed and allowed != _ALL:
        fact = f"NetworkPolicy {_names(policies)} lets calls out on port {MESH_PORT}, the port of meshed peers."
        meaning = "Without the proxy, calls go to the peers' own ports: each needs a rule, or it is denied."
        yield finding(view, Severity.WARNING, "egress-by-proxy-port", fact, meaning)


def _clients(view: InventoryView, policies: list[Object], ports: Ports) -> Iterator[Finding]:
    tight = [one for one in policies if is_type(one, "Egress") and _only_the_proxys(one, ports)]
    if tight:
        fact = f"NetworkPolicy {_names(tight)} lets its pods call {MESH_PORT}, and not {ports}."
        meaning = "If they are clients of this workload, their calls are denied until a rule allows these ports."
        yield finding(view, Severity.INFO, "clients-egress", fact, meaning)


def _only_the_proxys(policy: Object, ports: Ports) -> bool:
    allowed = lets([policy], "Egress", {})
    return MESH_PORT in allowed and bool(ports - allowed)


def _unselected(view: InventoryView, policies: list[Object]) -> Iterator[Finding]:
    if policies:
        fact = f"NetworkPolicy {_names(policies)} selects its pods by Linkerd's label."
        meaning = "Without the proxy they lose the label: what the policy allows or denies no longer counts for them."
        yield finding(view, Severity.WARNING, "network-policy-unselects", fact, meaning)


def _names(policies: Iterable[Object]) -> str:
    return ", ".join(sorted(one["metadata"]["name"] for one in policies))
