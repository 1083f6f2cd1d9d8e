"""What preflight finds about letting a Job end in one of the ways; the kind job-completion calls it.

A view shows what other live tickets have set as well: `free_of_others` takes that out, because it goes with them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from portal.mesh.annotations import SETTINGS
from portal.mesh.findings import Finding, Severity, finding
from portal.mesh.impact import sort_findings, workload_findings
from portal.mesh.job_calls import call_refusal
from portal.mesh.job_ways import SHUTDOWN, Way, offers
from portal.mesh.jobs import unpatchable_job
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import template_of, template_path

# What says that there is no proxy: then no way is to be judged.
_UNMESHED = frozenset({"not-meshed", "already-not-meshed"})
# True of every Job for the kinds that only patch; here it decides whether the ticket writes or gives a manifest.
_JUDGED_HERE = "kind-not-patchable"


def free_of_others(view: InventoryView) -> dict[str, Any]:
    """The workload without the settings that other live tickets want of it: a copy, with what was there before."""
    own: dict[str, Any] = copy.deepcopy(dict(view.obj))
    node: Any = own
    for step in template_path(view.ref.kind):
        node = node.get(step) if isinstance(node, dict) else None
    for key in view.others.settings if isinstance(node, dict) else ():
        if node.get(key) != SETTINGS[key]:
            continue
        if key in view.before:
            node[key] = view.before[key]
        else:
            del node[key]
    return own


def ways_of(view: InventoryView) -> list[Way]:
    """All ways for this Job or CronJob, whatever other live tickets have done to it."""
    return offers(free_of_others(view), view.defaults, view.around)


def job_findings(view: InventoryView, way: Way, variant: str | None) -> list[Finding]:
    """All that is to be said about letting this Job or CronJob end so, blocking findings first."""
    changed = workload_findings(view, Want(settings=way.settings))
    found = [one for one in changed if one.code != _JUDGED_HERE]
    if not _UNMESHED & {one.code for one in found}:
        found += [*_way_findings(view, way, variant), *_kept_findings(view)]
    return sort_findings(found)


def _way_findings(view: InventoryView, way: Way, variant: str | None) -> Iterator[Finding]:
    if not way.fits:
        fitting = [one.name for one in ways_of(view) if one.fits]
        instead = f"Choose {' or '.join(fitting)}." if fitting else "No other way fits either: withdraw this request."
        yield finding(view, Severity.BLOCKING, "way-does-not-fit", way.why, instead)
        return
    taken_back = "Pods that run when the ticket begins or ends keep what they have."
    yield finding(view, Severity.INFO, "way-fits", way.why, taken_back)
    if way.name == SHUTDOWN:
        yield from _call_findings(view, variant)
    if why := unpatchable_job(view.obj):
        meaning = "Nothing is written to it and nothing is taken back: the ticket gives the corrected manifest."
        yield finding(view, Severity.INFO, "manifest-only", why, meaning)


def _call_findings(view: InventoryView, variant: str | None) -> Iterator[Finding]:
    spec: Mapping[str, Any] = template_of(view.obj).get("spec") or {}
    if variant is not None and (refusal := call_refusal(spec, variant)):
        meaning = "So no manifest can be made: choose another variant or way."
        yield finding(view, Severity.BLOCKING, "call-not-possible", refusal, meaning)
        return
    fact = f"The endpoint ends nothing by itself: {view.ref} must call it, as the ticket's manifest does."
    meaning = "Until you have applied that manifest (`meshdesk manifests`), its pods are kept as before."
    yield finding(view, Severity.WARNING, "manifest-needed", fact, meaning)


def _kept_findings(view: InventoryView) -> Iterator[Finding]:
    if view.kept_open:
        meaning = "These pods are not changed by the ticket: delete them once you need them no longer."
        yield finding(view, Severity.INFO, "kept-open", " ".join(view.kept_open), meaning)
    elif view.kept_open is not None:
        fact = f"No finished pod of {view.ref} is kept running by the mesh now."
        meaning = "Nothing shows that this is needed; it does no harm where runs are still to come."
        yield finding(view, Severity.INFO, "nothing-kept", fact, meaning)
