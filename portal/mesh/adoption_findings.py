"""What a preflight finds where a ticket takes over what somebody wrote before; workers/workload.py calls it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from portal.mesh.adopting import present
from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, effective, is_true
from portal.mesh.findings import Finding, Severity, finding
from portal.mesh.impact import sort_findings
from portal.mesh.injection import why_not_injected
from portal.mesh.rollouts import rollout_blockers
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import template_of

_WORDS = {INJECT: "`linkerd.io/inject: disabled`", DEBUG_SIDECAR: "the debug container"}


def words_of(want: Want) -> str:
    """`inbound 8080 past the proxy`, `linkerd.io/inject: disabled`: what a ticket takes over."""
    lists = {"inbound": want.skip_inbound, "outbound": want.skip_outbound}
    ports = [f"{way} {found} past the proxy" for way, found in lists.items() if found]
    return " and ".join([*ports, *(_WORDS.get(key, key) for key in sorted(want.settings))])


def gone_words(missing: Want) -> str:
    """What is no longer there to be taken over."""
    return f"The pod template has no more {words_of(missing)}: there is nothing to take over."


def adoption_findings(view: InventoryView, want: Want) -> list[Finding]:
    """What taking `want` over means for this workload, blocking findings first."""
    return sort_findings(_found(view, want))


def _found(view: InventoryView, want: Want) -> Iterator[Finding]:
    missing = want - present(want, view.template)
    if missing:
        meaning = "Somebody mended it: withdraw this ticket."
        yield finding(view, Severity.BLOCKING, "hole-gone", gone_words(missing), meaning)
        return
    for sentence in rollout_blockers(view.obj):
        meaning = "Its pods could not follow when the ticket ends, so it could not be undone."
        yield finding(view, Severity.BLOCKING, "rollout-blocked", sentence, meaning)
    for fact in still_open(view, want):
        meaning = "Taking it out of the pod template would not close it: mend that first, or ask the operators."
        yield finding(view, Severity.BLOCKING, "would-stay-open", fact, meaning)
    fact = f"{view.ref} has {words_of(want)} already; this ticket adopts what is there."
    meaning = (
        "Nothing restarts now: only Meshdesk's mark is written. When the ticket ends, this is taken out of the pod "
        "template and the pods restart."
    )
    yield finding(view, Severity.INFO, "adopts-what-is-there", fact, meaning)


def still_open(view: InventoryView, want: Want) -> list[str]:
    """Why pods would go on as they are once `want` is taken out of the pod template, in sentences."""
    found = []
    if INJECT in want.settings:
        reasons = why_not_injected(
            pod_template_or_pod=_without(view, INJECT), namespace=view.namespace, webhook=view.webhook or {}
        )
        found = [f"{view.ref} would still get no proxy: {reason.text}." for reason in reasons]
    inherited = effective(DEBUG_SIDECAR, {}, view.around, view.defaults)
    if DEBUG_SIDECAR in want.settings and is_true(inherited.value):
        found.append(f"{view.ref} would still get the debug container: its {inherited.source} asks for it.")
    return found


def _without(view: InventoryView, key: str) -> Mapping[str, Any]:
    template = deepcopy(dict(template_of(view.obj)))
    ((template.get("metadata") or {}).get("annotations") or {}).pop(key, None)
    return template
