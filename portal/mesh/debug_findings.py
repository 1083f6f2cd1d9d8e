"""What preflight finds before a debug container: what it costs, and what in the namespace would refuse its pods.

The container has no resources and no securityContext (linkerd2 #4786), and its log holds the packets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portal.mesh.annotations import DEBUG_SIDECAR, Source, effective, is_true
from portal.mesh.findings import Finding, Severity, finding
from portal.mesh.view import InventoryView
from portal.mesh.workloads import template_of

_ENFORCE = "pod-security.kubernetes.io/enforce"
# What the quota admission of Kubernetes asks of each container by itself; other resources need not be set.
_DEMANDS = {
    "cpu": "requests.cpu",
    "memory": "requests.memory",
    **{name: name for name in ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory")},
}


def debug_findings(view: InventoryView) -> Iterator[Finding]:
    """What is to be said about a debug container in the pods of this workload, besides what any change means."""
    meaning = (
        "Whoever may read the logs of these pods can read them, and they stay in the log storage when the ticket ends: "
        "what is not encrypted between the proxy and the application shows in clear."
    )
    yield finding(view, Severity.WARNING, "packets-in-logs", "The debug container logs every packet.", meaning)
    already = _already_there(view)
    if already is not None:
        yield already
        return
    yield from _pod_security(view)
    yield from _quotas(view)
    yield from _limit_ranges(view)


def _already_there(view: InventoryView) -> Finding | None:
    now = effective(DEBUG_SIDECAR, view.template, view.around, view.defaults)
    if not is_true(now.value):
        return None
    fact = f"{view.ref} has the debug container already ({now.source})."
    meaning = "That stays as it is when this ticket ends: its owner set it, and nothing restarts for this ticket."
    if now.source is Source.POD_TEMPLATE and DEBUG_SIDECAR in view.others.settings:
        meaning = "Another live ticket has it there: it goes, with a restart, when the last of these tickets has ended."
    return finding(view, Severity.INFO, "debug-already-there", fact, meaning)


def _pod_security(view: InventoryView) -> Iterator[Finding]:
    metadata = view.namespace.get("metadata") or {}
    level, name = (metadata.get("labels") or {}).get(_ENFORCE), metadata.get("name", "")
    fact = f"Namespace {name} enforces the Pod Security level {level}."
    if level == "restricted":
        meaning = (
            "The debug container has no securityContext, so new pods would be refused. Ask for it where the level is "
            f"privileged or baseline, or have the label {_ENFORCE} changed for as long as you need it."
        )
        yield finding(view, Severity.BLOCKING, "pod-security-refuses", fact, meaning)
    if level == "baseline" and not view.defaults.cni:
        meaning = (
            "The debug container fits it, but linkerd-init does not (NET_ADMIN, NET_RAW): with the proxy, pods are "
            "refused there with or without this ticket, unless the namespace is exempt."
        )
        yield finding(view, Severity.INFO, "pod-security-baseline", fact, meaning)


def _quotas(view: InventoryView) -> Iterator[Finding]:
    given = _given(view)
    for quota in view.quotas:
        hard = (quota.get("spec") or {}).get("hard") or {}
        missing = sorted({_DEMANDS[name] for name in hard if name in _DEMANDS} - given)
        severity = _severity(quota)
        if not missing or severity is None:
            continue
        fact = (
            f"ResourceQuota {quota['metadata']['name']} demands {', '.join(missing)} of every container, and no "
            "LimitRange gives a default."
        )
        meaning = (
            "The debug container sets no resources, so new pods would be refused: have a LimitRange made that gives "
            "the containers of this namespace these defaults."
        )
        if severity is Severity.WARNING:
            meaning += " This quota counts for some pods only: see whether these are among them."
        yield finding(view, severity, "quota-refuses", fact, meaning)


def _severity(quota: Mapping[str, Any]) -> Severity | None:
    """None where it never counts: pods of a Deployment, StatefulSet or DaemonSet have no deadline to end them."""
    spec = quota.get("spec") or {}
    chosen = (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    scopes = {*(spec.get("scopes") or []), *(one.get("scopeName") for one in chosen)}
    if "Terminating" in scopes:
        return None
    return Severity.WARNING if scopes - {"NotTerminating"} else Severity.BLOCKING


def _given(view: InventoryView) -> set[str]:
    """The demands that a container without resources meets: by defaults, or where its pod has resources as a whole."""
    pod = (template_of(view.obj).get("spec") or {}).get("resources") or {}
    sources = [(pod.get("limits"), pod.get("requests"))]
    sources += [(item.get("default"), item.get("defaultRequest")) for _, item in _items(view, "Container")]
    found: set[str] = set()
    for limits, requests in sources:
        found |= {f"limits.{name}" for name in limits or {}}
        # Kubernetes takes a limit for the request where there is none.
        found |= {f"requests.{name}" for name in {**(limits or {}), **(requests or {})}}
    return found


def _items(view: InventoryView, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for limit_range in view.limits:
        for item in (limit_range.get("spec") or {}).get("limits") or []:
            if item.get("type") == kind:
                yield limit_range["metadata"]["name"], item


def _limit_ranges(view: InventoryView) -> Iterator[Finding]:
    given = _given(view)
    for name, item in _items(view, "Container"):
        if missing := sorted(_of_ratio(item) - given):
            fact = f"LimitRange {name} bounds the ratio of limit to request, and gives no {', '.join(missing)}."
            meaning = (
                "The debug container sets no resources, so new pods would be refused: have defaults added to the "
                "LimitRange for as long as you need it."
            )
            yield finding(view, Severity.BLOCKING, "limit-range-refuses", fact, meaning)
        if default := item.get("default"):
            fact = f"LimitRange {name} limits the debug container to {_amounts(default)}."
            meaning = "A capture that needs more memory than that is ended and begins anew; each pod counts it in too."
            yield finding(view, Severity.INFO, "limit-range-default", fact, meaning)
    for name, item in _items(view, "Pod"):
        if most := item.get("max"):
            fact = f"LimitRange {name} allows a pod {_amounts(most)} in all."
            meaning = "The debug container counts in by the defaults that it gets: see that there is room for it."
            yield finding(view, Severity.WARNING, "limit-range-pod", fact, meaning)


def _of_ratio(item: Mapping[str, Any]) -> set[str]:
    """What Kubernetes wants of each container where limits may only be so many times the requests."""
    return {f"{part}.{name}" for name in item.get("maxLimitRequestRatio") or {} for part in ("limits", "requests")}


def _amounts(resources: Mapping[str, Any]) -> str:
    return " and ".join(f"{amount} {name}" for name, amount in sorted(resources.items()))
