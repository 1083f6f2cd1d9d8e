"""What preflight finds about the pods that run now, against what their template says. impact.py calls it."""

from __future__ import annotations

from collections.abc import Iterator

from portal.mesh.findings import Finding, Severity, finding
from portal.mesh.injection import why_not_injected
from portal.mesh.view import InventoryView
from portal.mesh.workloads import template_of

_MOST = 3


def running_findings(view: InventoryView) -> Iterator[Finding]:
    """Pods that are not meshed though the template is, or the other way round; nothing where nobody looked."""
    running = [one for one in (view.near.pods if view.near else ()) if not (one.finished or one.terminating)]
    if not running:
        return
    meshed = [one for one in running if one.meshed]
    unmeshed = [one.name for one in running if not one.meshed]
    counted = f"{len(meshed)} of {len(running)} pods"
    if _would_be_meshed(view) and unmeshed:
        names = ", ".join(unmeshed[:_MOST]) + (" and others" if len(unmeshed) > _MOST else "")
        fact = f"{counted} {'is' if len(meshed) == 1 else 'are'} injected, although the template is: {names} not."
        meaning = (
            "They were made while the injector was away, or before it was asked: their traffic passes no proxy now. "
            f"A restart mends it: kubectl rollout restart {view.ref} -n {view.ref.namespace}."
        )
        yield finding(view, Severity.WARNING, "pods-not-injected", fact, meaning)
    elif not _would_be_meshed(view) and meshed:
        fact = f"{counted} still {'has' if len(meshed) == 1 else 'have'} the proxy, although new ones get none."
        meaning = "They were made before; the next restart takes the proxy away."
        yield finding(view, Severity.WARNING, "pods-still-injected", fact, meaning)


def _would_be_meshed(view: InventoryView) -> bool:
    return not why_not_injected(
        pod_template_or_pod=template_of(view.obj),
        namespace=view.namespace,
        webhook=view.webhook if view.webhook is not None else {},
        defaults=view.defaults,
    )
