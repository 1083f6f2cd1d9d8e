"""What a change does to the pods of a workload and to what people see of it; preflight calls `workload_findings`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from portal.mesh.annotations import effective
from portal.mesh.findings import Finding, Severity, finding, target_findings
from portal.mesh.injection import selects
from portal.mesh.network_findings import network_findings
from portal.mesh.one_key import is_set_already
from portal.mesh.owner_findings import owner_findings
from portal.mesh.policies_lost import policy_findings
from portal.mesh.room import room_findings
from portal.mesh.running import running_findings
from portal.mesh.service_findings import service_findings
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import template_of

_ORDER = list(Severity)
_QUARTER = "25%"


def workload_findings(view: InventoryView, want: Want) -> list[Finding]:
    """All that is to be said about adding `want` to this workload, blocking findings first."""
    changes = not _is_there(view, want)
    restarts = _restart_findings(view) if changes else ()
    around = _around(view, want, changes=changes) if view.near is not None else ()
    return sort_findings([*target_findings(view, want), *restarts, *around, *_mesh_meaning(view, want)])


def sort_findings(found: Iterable[Finding]) -> list[Finding]:
    """Blocking findings first, then warnings, each group in the order given."""
    return sorted(found, key=lambda one: _ORDER.index(one.severity))


def _around(view: InventoryView, want: Want, *, changes: bool) -> Iterator[Finding]:
    """What only who looked at the cluster knows."""
    if changes:
        yield from owner_findings(view, want)
    yield from running_findings(view)
    yield from _unread(view)
    yield from service_findings(view, want)
    yield from policy_findings(view, want)
    yield from network_findings(view, want)


def _unread(view: InventoryView) -> Iterator[Finding]:
    for sentence in view.near.unread if view.near else ():
        meaning = (
            "What it would tell is missing here: a platform operator gives the worker the rights of its role anew."
        )
        yield Finding("not-looked", Severity.WARNING, None, sentence, meaning)


def _is_there(view: InventoryView, want: Want) -> bool:
    if want.skip_inbound or want.skip_outbound:
        return False
    now = {key: effective(key, view.template, view.around, view.defaults) for key in want.settings}
    return all(is_set_already(key, view.template.get(key), value) for key, value in now.items())


def _restart_findings(view: InventoryView) -> Iterator[Finding]:
    kind, spec = view.ref.kind, view.obj.get("spec") or {}
    if kind == "cronjob":
        meaning = "Jobs that run now keep what they have; the change counts from the next run on."
        yield finding(view, Severity.INFO, "future-runs-only", f"{view.ref} makes a Job for each run.", meaning)
        return
    if kind in ("deployment", "statefulset"):
        yield from _replica_findings(view, spec)
    if kind == "daemonset":
        at_once = _share((spec.get("updateStrategy") or {}).get("rollingUpdate"), "maxUnavailable", 1, "1")
        meaning = f"Its pods are replaced now and again when the ticket ends, {_pace(at_once)}."
        yield finding(view, Severity.INFO, "pods-restart", "One pod a node restarts.", meaning)
    yield from _budget_findings(view)
    yield from room_findings(view, *_pace_of(kind, spec))


def _replica_findings(view: InventoryView, spec: Mapping[str, Any]) -> Iterator[Finding]:
    replicas = 1 if spec.get("replicas") is None else int(spec["replicas"])
    if replicas == 0:
        meaning = "The change counts for pods that are made later."
        yield finding(view, Severity.INFO, "no-pods", f"{view.ref} is scaled to 0.", meaning)
        return
    recreate = (spec.get("strategy") or {}).get("type") == "Recreate"
    if recreate:
        meaning = "All its pods end before new ones start: it is away for a while, now and again when the ticket ends."
        yield finding(view, Severity.WARNING, "recreate", f"The strategy of {view.ref} is Recreate.", meaning)
    if replicas == 1:
        meaning = "Its restart breaks open connections, now and again when the ticket ends."
        yield finding(view, Severity.WARNING, "single-replica", f"{view.ref} has a single replica.", meaning)
    pods = "1 pod restarts" if replicas == 1 else f"{replicas} pods restart"
    pace = "all at once" if recreate else _pace(sum(_pace_of(view.ref.kind, spec)))
    meaning = "Its pods are replaced now and again when the ticket ends."
    yield finding(view, Severity.INFO, "pods-restart", f"{pods}, {pace}.", meaning)


def _pace_of(kind: str, spec: Mapping[str, Any]) -> tuple[int, int]:
    """How many pods a rollout makes before others end, and how many it ends before new ones are ready."""
    replicas = 1 if spec.get("replicas") is None else int(spec["replicas"])
    if kind == "statefulset":
        return 0, _share((spec.get("updateStrategy") or {}).get("rollingUpdate"), "maxUnavailable", replicas, "1")
    if kind != "deployment" or (spec.get("strategy") or {}).get("type") == "Recreate" or replicas == 0:
        # A DaemonSet that surges does so by nodes, which are not counted here.
        return 0, replicas
    rolling = (spec.get("strategy") or {}).get("rollingUpdate")
    surge = _share(rolling, "maxSurge", replicas, _QUARTER, up=True)
    return surge, _share(rolling, "maxUnavailable", replicas, _QUARTER)


def _share(rolling: Mapping[str, Any] | None, field: str, replicas: int, default: str, *, up: bool = False) -> int:
    # Kubernetes rounds a percentage of unavailable pods down and one of surge pods up.
    text = str((rolling or {}).get(field, default))
    if not text.endswith("%"):
        return int(text)
    exact = replicas * int(text[:-1]) / 100
    return math.ceil(exact) if up else math.floor(exact)


def _pace(at_once: int) -> str:
    return "one by one" if at_once <= 1 else f"at most {at_once} at a time"


def _budget_findings(view: InventoryView) -> Iterator[Finding]:
    labels = (template_of(view.obj).get("metadata") or {}).get("labels") or {}
    for budget in view.budgets:
        selector = (budget.get("spec") or {}).get("selector")
        if selector is None or not selects(selector, labels):
            continue
        fact = f"PodDisruptionBudget {budget['metadata']['name']} covers its pods."
        meaning = "It limits evictions, not rollouts: it neither slows this change nor protects from it."
        yield finding(view, Severity.INFO, "disruption-budget", fact, meaning)


def _mesh_meaning(view: InventoryView, want: Want) -> Iterator[Finding]:
    if not (want.skip_inbound or want.skip_outbound):
        return
    lists = {"inbound": want.skip_inbound, "outbound": want.skip_outbound}
    ports = " and ".join(f"{words} {found}" for words, found in lists.items() if found)
    fact = f"Traffic on {ports} passes the proxy by."
    meaning = "It has no mTLS, no policy and no metrics of the mesh, and never shows in tap."
    yield finding(view, Severity.INFO, "skipped-is-unseen", fact, meaning)
    if view.near is None:
        # Who is at the other side is known to who looks at the cluster.
        fact = "Where the other side is meshed too, opaque ports keep mTLS and only pass over protocol detection."
        meaning = "Prefer config.linkerd.io/opaque-ports there: it needs no exception."
        yield finding(view, Severity.INFO, "prefer-opaque-ports", fact, meaning)
