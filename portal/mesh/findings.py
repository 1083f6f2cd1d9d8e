"""What preflight finds before a change: whether it can work at all (this file) and what it does to pods (impact.py)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND, SKIP_OUTBOUND, Effective, Source, effective
from portal.mesh.injection import why_not_injected
from portal.mesh.ports import Ports
from portal.mesh.rollouts import rollout_blockers
from portal.mesh.services import Door, doors
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import container_ports, template_of, unpatchable_reason

WORDS = {SKIP_INBOUND: "inbound", SKIP_OUTBOUND: "outbound"}


class Severity(StrEnum):
    """What a finding does to a ticket: a blocking one keeps it from being approved."""

    BLOCKING = "blocking"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One thing that was found: what is so (`fact`), and what that means for the person who asks or decides."""

    code: str
    severity: Severity
    target: str | None
    fact: str
    meaning: str

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict, for evidence."""
        return {**asdict(self), "severity": self.severity.value}


def target_findings(view: InventoryView, want: Want) -> Iterator[Finding]:
    """What decides whether this change of this workload can work, blocking findings among them."""
    yield from _unreachable(view)
    yield from _mesh_findings(view, want)
    for key in (SKIP_INBOUND, SKIP_OUTBOUND):
        if ports := want.ports(key):
            yield from _list_findings(view, key, ports)
    yield from _exposure(view, want)


def finding(view: InventoryView, severity: Severity, code: str, fact: str, meaning: str) -> Finding:
    """A finding about this workload."""
    return Finding(code, severity, str(view.ref), fact, meaning)


def _unreachable(view: InventoryView) -> Iterator[Finding]:
    instead = unpatchable_reason(view.ref.kind)
    if instead is not None:
        yield finding(view, Severity.BLOCKING, "kind-not-patchable", f"{view.ref} cannot be changed.", instead)
    for sentence in rollout_blockers(view.obj):
        meaning = "The change would never be seen on its pods, so the ticket could neither be proven nor undone."
        yield finding(view, Severity.BLOCKING, "rollout-blocked", sentence, meaning)


def _mesh_findings(view: InventoryView, want: Want) -> Iterator[Finding]:
    reasons = _why_not_meshed(view)
    if not reasons:
        return
    fact = f"{view.ref} is not meshed: {'; '.join(reasons)}."
    if view.others.disable_injection and view.template.get(INJECT) == "disabled":
        meaning = "Another live ticket has switched its proxy off; what this one asks counts once that has ended."
        yield finding(view, Severity.WARNING, "unmeshed-by-ticket", fact, meaning)
    elif want.disable_injection:
        meaning = "Its pods run without the proxy already: there is nothing to do. Withdraw this request."
        yield finding(view, Severity.BLOCKING, "already-not-meshed", fact, meaning)
    else:
        yield finding(view, Severity.BLOCKING, "not-meshed", fact, _without_proxy(want))


def _without_proxy(want: Want) -> str:
    if want.skip_inbound or want.skip_outbound:
        return "Without the proxy the mesh does not touch its traffic, so there is nothing to skip: mesh it first."
    if DEBUG_SIDECAR in want.settings:
        return "The debug container comes with the proxy only: mesh it first."
    return (
        "Without the proxy nothing of the mesh keeps its pods running: there is nothing to do. Withdraw this request."
    )


def _why_not_meshed(view: InventoryView) -> list[str]:
    # An empty configuration, unlike None, says that there is no webhook.
    webhook = view.webhook if view.webhook is not None else {}
    template = template_of(view.obj)
    reasons = why_not_injected(
        pod_template_or_pod=template, namespace=view.namespace, webhook=webhook, defaults=view.defaults
    )
    return [reason.text for reason in reasons]


def _list_findings(view: InventoryView, key: str, wanted: Ports) -> Iterator[Finding]:
    now = effective(key, view.template, view.around, view.defaults)
    where = f'The list of {WORDS[key]} ports that counts now is "{now.value}" ({now.source})'
    try:
        present = Ports.parse(now.value)
    except ValueError as error:
        fact = f"{where} and cannot be read: {error}"
        meaning = "Nothing can be added to it safely: its owner must mend it first."
        yield finding(view, Severity.BLOCKING, "present-value-unreadable", fact, meaning)
        return
    if now.value != "".join(now.value.split()):
        meaning = "Linkerd skips no port of an entry with a space; its owner must take the spaces out first."
        yield finding(view, Severity.BLOCKING, "present-value-has-spaces", f"{where} and has spaces.", meaning)
        return
    if already := wanted & present:
        fact = f"{WORDS[key].capitalize()} {already} is skipped already ({now.source})."
        meaning = "It stays skipped when this ticket ends, unless it is another ticket that skips it."
        yield finding(view, Severity.INFO, "already-skipped", fact, meaning)
    yield from _defaults_findings(view, key, present, now)
    if present and now.source is not Source.POD_TEMPLATE and wanted - present:
        meaning = "A list on the pod template replaces it, so its ports are written along and stay skipped as they are."
        yield finding(view, Severity.INFO, "inherited-list-kept", f"{where}.", meaning)


def _defaults_findings(view: InventoryView, key: str, present: Ports, now: Effective) -> Iterator[Finding]:
    default = Ports.readable(view.defaults.skip(key))
    left_out = default - present
    if now.source is not Source.CONTROL_PLANE and left_out:
        fact = f'The list of {WORDS[key]} ports "{now.value}" ({now.source}) leaves out the default {left_out}.'
        meaning = "That is so already: these go through the proxy, and this ticket does not change it."
        yield finding(view, Severity.INFO, "defaults-left-out", fact, meaning)


def _exposure(view: InventoryView, want: Want) -> Iterator[Finding]:
    exposed = container_ports(view.obj)
    missing = want.skip_inbound - exposed
    for door in _mistaken(view, missing):
        fact = f"{door.port} is the port of Service {door.service}; its containers listen on {door.target}."
        meaning = f"Inbound is the container's own port: ask for {door.target} instead."
        yield finding(view, Severity.WARNING, "service-port-asked", fact, meaning)
        missing -= Ports.of(door.port)
    if missing:
        fact = f"No container of {view.ref} exposes {missing}; its containers expose {exposed or 'no ports'}."
        meaning = "Inbound is the container's own port, not the Service's: check that this is the port that is meant."
        yield finding(view, Severity.WARNING, "port-not-exposed", fact, meaning)


def _mistaken(view: InventoryView, missing: Ports) -> list[Door]:
    """The Services' ports among those that no container exposes, with where they lead."""
    found = doors(view.obj, view.near.services) if view.near else []
    return [door for door in found if door.port in missing and door.target not in (None, door.port)]
