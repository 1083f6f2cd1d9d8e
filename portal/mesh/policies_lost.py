"""What preflight finds about Linkerd's policies that stop counting, or begin to refuse. impact.py calls it."""

from __future__ import annotations

from collections.abc import Iterator

from portal.mesh.demands import DEFAULT_POLICY
from portal.mesh.findings import Finding, Severity, finding
from portal.mesh.guards import guards, policies_for
from portal.mesh.near import Near
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import template_of

_DEMANDING = ("all-authenticated", "cluster-authenticated", "deny")


def policy_findings(view: InventoryView, want: Want) -> Iterator[Finding]:
    """The Servers and inbound policies that traffic past the proxy is not held to, and who demands an identity."""
    if view.near is None or not (want.skip_inbound or want.disable_injection):
        return
    yield from _servers(view, view.near, want)
    yield from _inbound_policy(view)
    if want.disable_injection:
        yield from _identity(view, view.near)


def _servers(view: InventoryView, near: Near, want: Want) -> Iterator[Finding]:
    for guard in guards(view.obj, near, None if want.disable_injection else want.skip_inbound):
        with_it = ", ".join((*guard.authorizations, *(f"HTTPRoute {name}" for name in guard.routes)))
        fact = f"Server {guard.name} guards port {guard.port}{f', with {with_it}' if with_it else ''}."
        meaning = (
            "It no longer counts: whoever reaches the port by the network gets in. Where that must not be, have a "
            "NetworkPolicy made for the port first."
        )
        yield finding(view, Severity.WARNING, "server-passed-by", fact, meaning)


def _inbound_policy(view: InventoryView) -> Iterator[Finding]:
    policy, where = _default(view)
    if policy in _DEMANDING:
        fact = f"The default inbound policy is {policy} ({where})."
        meaning = "Traffic past the proxy is not held to it: callers without a mesh identity get in."
        yield finding(view, Severity.WARNING, "inbound-policy-passed-by", fact, meaning)


def _default(view: InventoryView) -> tuple[str, str]:
    layers = ((view.template, "pod template"), (view.around, "namespace"))
    said = next(((layer[DEFAULT_POLICY], where) for layer, where in layers if DEFAULT_POLICY in layer), None)
    return said or (view.defaults.default_inbound_policy, "control plane default")


def _identity(view: InventoryView, near: Near) -> Iterator[Finding]:
    spec = template_of(view.obj).get("spec") or {}
    account = spec.get("serviceAccountName") or "default"
    if found := policies_for(account, view.ref.namespace, near):
        fact = f"AuthorizationPolicy {', '.join(found)} lets ServiceAccount {account} in by its mesh identity."
        meaning = "Without the proxy it has none: what these guard refuses its calls. Have its owners admit it first."
        yield finding(view, Severity.WARNING, "identity-lost", fact, meaning)
    around = view.around.get(DEFAULT_POLICY, view.defaults.default_inbound_policy)
    if around in _DEMANDING:
        fact = f"Workloads of {view.ref.namespace} take calls by the inbound policy {around}."
        meaning = (
            "Meshed ones that nothing else admits it to refuse its calls, for without the proxy it has no identity."
        )
        yield Finding("peers-demand-identity", Severity.WARNING, None, fact, meaning)
