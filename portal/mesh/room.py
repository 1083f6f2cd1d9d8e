"""Whether the rollout finds room: the extra pod of a rolling update against ResourceQuotas, autoscalers beside it.

impact.py calls it for every change that replaces pods; what a debug container needs more is in debug_findings.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from portal.mesh.findings import Finding, Severity, finding
from portal.mesh.quantities import quantity
from portal.mesh.view import InventoryView
from portal.mesh.workloads import template_of

Object = Mapping[str, Any]
Amounts = dict[str, Decimal]
_PODS = ("pods", "count/pods")
_ALSO = {"cpu": "requests.cpu", "memory": "requests.memory"}


def room_findings(view: InventoryView, surge: int, unavailable: int) -> Iterator[Finding]:
    """What has no room for one pod more, where the rollout makes `surge` pods before it takes others away."""
    if surge > 0:
        for quota in view.quotas:
            yield from _quota(view, quota, unavailable)
    yield from _limits(view)
    yield from _autoscalers(view)


def _quota(view: InventoryView, quota: Object, unavailable: int) -> Iterator[Finding]:
    spec, status = quota.get("spec") or {}, quota.get("status") or {}
    if spec.get("scopes") or spec.get("scopeSelector"):
        # It counts some pods only; which of them these are is the API server's to say.
        return
    needs, used = _needs(template_of(view.obj).get("spec") or {}), status.get("used") or {}
    hard = status.get("hard") or spec.get("hard") or {}
    full = [name for name, limit in sorted(hard.items()) if _is_over(name, limit, used, needs)]
    if not full:
        return
    left = ", ".join(f"{name} {used.get(name, '0')} of {hard[name]}" for name in full)
    fact = f"ResourceQuota {quota['metadata']['name']} has no room for one pod more: {left} used."
    meaning = (
        "The rollout waits until pods end, and pods become fewer meanwhile."
        if unavailable
        else "The rollout makes a new pod before it ends an old one, so it would hang: have the quota raised first."
    )
    yield finding(view, Severity.WARNING, "quota-full", fact, f"{meaning} What the proxy itself asks comes on top.")


def _is_over(name: str, limit: object, used: Mapping[str, Any], needs: Amounts) -> bool:
    need = needs.get(_ALSO.get(name, name))
    most, now = quantity(limit), quantity(used.get(name, "0"))
    return bool(need) and most is not None and now is not None and now + (need or 0) > most


def _needs(spec: Object) -> Amounts:
    """What one pod counts for by its own containers; the proxy's part is not known here."""
    needs: Amounts = dict.fromkeys(_PODS, Decimal(1))
    sidecars = [one for one in spec.get("initContainers") or [] if one.get("restartPolicy") == "Always"]
    for container in [*(spec.get("containers") or []), *sidecars]:
        resources = container.get("resources") or {}
        limits = resources.get("limits") or {}
        # Kubernetes takes a limit for the request where there is none.
        for part, amounts in (("limits", limits), ("requests", {**limits, **(resources.get("requests") or {})})):
            for name, text in amounts.items():
                needs[f"{part}.{name}"] = needs.get(f"{part}.{name}", Decimal(0)) + (quantity(text) or 0)
    return needs


def _limits(view: InventoryView) -> Iterator[Finding]:
    """Bounds that were made after the pods: those that run are not held to them, new ones are."""
    spec = template_of(view.obj).get("spec") or {}
    for limit_range in view.limits:
        for item in (limit_range.get("spec") or {}).get("limits") or []:
            over = [one["name"] for one in spec.get("containers") or [] if _breaks(one, item)]
            if item.get("type") != "Container" or not over:
                continue
            fact = f"LimitRange {limit_range['metadata']['name']} forbids the resources of container {', '.join(over)}."
            meaning = (
                "Pods that run now may stay, new ones are refused, so the rollout would hang: mend one of the two."
            )
            yield finding(view, Severity.WARNING, "limit-range-forbids", fact, meaning)


def _breaks(container: Object, item: Object) -> bool:
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    above = any(_less(most, limits.get(name)) for name, most in (item.get("max") or {}).items())
    return above or any(_less(requests.get(name), least) for name, least in (item.get("min") or {}).items())


def _less(small: object, big: object) -> bool:
    """Whether both are said and the first is less."""
    one, other = (None if text is None else quantity(text) for text in (small, big))
    return one is not None and other is not None and one < other


def _autoscalers(view: InventoryView) -> Iterator[Finding]:
    for one in view.near.autoscalers if view.near else ():
        spec = one.get("spec") or {}
        target = spec.get("scaleTargetRef") or {}
        if (str(target.get("kind", "")).lower(), target.get("name")) != (view.ref.kind, view.ref.name):
            continue
        bounds = f"{spec.get('minReplicas', 1)} to {spec.get('maxReplicas')}"
        fact = f"HorizontalPodAutoscaler {one['metadata']['name']} keeps {bounds} pods."
        meaning = "It goes on counting during the rollout: more pods may restart than are there now."
        yield finding(view, Severity.INFO, "autoscaled", fact, meaning)
