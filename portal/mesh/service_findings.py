"""What preflight finds about Services: who loses mTLS by this change, who is at the outbound ports, and where opaque
ports would be milder. impact.py calls it."""

from __future__ import annotations

from collections.abc import Iterator

from portal.mesh.callers import known_callers
from portal.mesh.findings import Finding, Severity, finding
from portal.mesh.near import Peer, Peers
from portal.mesh.ports import Ports
from portal.mesh.services import Door, doors
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import container_ports

_MOST_NAMED = 6
_OPAQUE = "config.linkerd.io/opaque-ports"


def service_findings(view: InventoryView, want: Want) -> Iterator[Finding]:
    """Who calls the workload and whom it calls, as far as that is told; nothing where nobody looked."""
    if view.near is None:
        return
    if want.skip_inbound or want.disable_injection:
        yield from _inbound(view, want)
    if want.skip_outbound and view.near.peers is not None:
        yield from _outbound(want.skip_outbound, view.near.peers)


def opened(view: InventoryView, want: Want) -> Ports:
    """The containers' ports whose incoming traffic no proxy sees any more."""
    return container_ports(view.obj) if want.disable_injection else want.skip_inbound


def doors_opened(view: InventoryView, want: Want) -> list[Door]:
    """The Services' ports that lead there."""
    found = doors(view.obj, view.near.services) if view.near else []
    return [door for door in found if want.disable_injection or door.target in want.skip_inbound]


def _inbound(view: InventoryView, want: Want) -> Iterator[Finding]:
    found = doors_opened(view, want)
    if not found:
        fact = f"No Service leads to {'it' if want.disable_injection else want.skip_inbound} on {view.ref}."
        meaning = "Only who dials its pods by their addresses is affected."
        yield finding(view, Severity.INFO, "no-service", fact, meaning)
        return
    named = _listed([str(door) for door in found])
    callers = known_callers(view, opened(view, want))
    told = (
        f"as policies name them: {_listed(callers)}" if callers else "no policy names them, so it may be all there are"
    )
    meaning = f"Its meshed clients lose mTLS on these calls; {told}."
    yield finding(
        view, Severity.INFO, "clients-lose-mtls", f"{named} lead{'s' if len(found) == 1 else ''} here.", meaning
    )
    if want.skip_inbound:
        fact = f"Meshed clients reach {want.skip_inbound} by a Service."
        meaning = f"Where only protocol detection is in the way, {_OPAQUE} keeps mTLS: it needs no exception."
        yield finding(view, Severity.INFO, "prefer-opaque-ports", fact, meaning)


def _outbound(ports: Ports, peers: Peers) -> Iterator[Finding]:
    elsewhere = peers.elsewhere or {}
    asked = sorted({*(peer.port for peer in peers.named), *elsewhere})
    for port in asked[:_MOST_NAMED]:
        named = [peer for peer in peers.named if peer.port == port]
        yield from _at_port(port, named, elsewhere.get(port, 0))
    if left := asked[_MOST_NAMED:]:
        fact = f"Services of the cluster have {len(left)} more of these ports: {Ports.of(*left)}."
        yield _common(Severity.WARNING, "outbound-many", fact, "Ask for the ports that you dial, and no more.")
    if nobody := ports - Ports.of(*asked):
        fact = f"No Service of the cluster has port {nobody}."
        meaning = (
            "Calls to it leave the cluster or dial pods by their addresses: no mesh is at the other end of the first."
        )
        yield _common(Severity.INFO, "outbound-nobody", fact, meaning)


def _at_port(port: int, named: list[Peer], elsewhere: int) -> Iterator[Finding]:
    words = [f"{peer.namespace}/{peer.service} ({_mesh(peer)})" for peer in named]
    others = f"{elsewhere} Service{'s' if elsewhere != 1 else ''} of other tenants or the platform" if elsewhere else ""
    fact = f"At port {port}: {_listed([*words, *([others] if others else [])])}."
    meaning = "The annotation knows no destinations: calls to all of them pass the proxy by."
    yield _common(Severity.INFO, "outbound-peers", fact, meaning)
    if meshed := [peer.service for peer in named if peer.meshed]:
        fact = f"{_listed(meshed)} at port {port} {'is' if len(meshed) == 1 else 'are'} meshed."
        meaning = f"Prefer {_OPAQUE} on the Service and its pods: it keeps mTLS and needs no exception."
        yield _common(Severity.WARNING, "prefer-opaque-ports", fact, meaning)
    for peer in named:
        if peer.demands:
            fact = f"{peer} demands a mesh identity: {peer.demands}."
            meaning = "Calls that pass the proxy by have none and are refused there: have its owner admit them first."
            yield _common(Severity.WARNING, "peer-demands-identity", fact, meaning)


def _common(severity: Severity, code: str, fact: str, meaning: str) -> Finding:
    """A finding about no workload by itself: of several that dial the same ports it is said once."""
    return Finding(code, severity, None, fact, meaning)


def _mesh(peer: Peer) -> str:
    return {True: "meshed", False: "not meshed", None: "not known whether meshed"}[peer.meshed]


def _listed(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - _MOST_NAMED} more" if len(unique) > _MOST_NAMED else ""
    return ", ".join(unique[:_MOST_NAMED]) + more
