"""The corrected manifest of a Job or CronJob, to commit and to create again, for a way that lets it end.

What the API server wrote is left out, everything of the tenant's is kept. How a Job calls the proxy is in job_calls.py.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.annotations import SETTINGS
from portal.mesh.job_calls import CALLS, VARIANTS, call_refusal
from portal.mesh.job_ways import SHUTDOWN, Way
from portal.mesh.jobs import cron_job_of
from portal.mesh.workloads import WorkloadRef, template_path

Object = dict[str, Any]

_JOB_LABELS = ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name")
_KEPT_METADATA = ("name", "generateName", "namespace", "labels", "annotations")
_SERVERS_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "batch.kubernetes.io/job-tracking",
    "batch.kubernetes.io/cronjob-scheduled-timestamp",
    "cronjob.kubernetes.io/instantiate",
)
_OURS = "meshdesk.io/"


@dataclass(frozen=True)
class Corrected:
    """A manifest, and what its owner must know or fill in before it is used, in sentences."""

    manifest: Object
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict."""
        return {"manifest": self.manifest, "notes": list(self.notes)}


def manifest_for(obj: Mapping[str, Any], way: Way, *, variant: str | None = None) -> Corrected:
    """The manifest of this Job or CronJob with the settings of `way` on its pod template, and for the way `shutdown`
    with the call of `variant` (VARIANTS) in it.

    `obj` is the whole object as read from the cluster: one without environment and volumes, as the inventory keeps it,
    gives a manifest without them. Raises ValueError with a sentence when the way does not fit, the variant is unknown
    or this object cannot do it so.
    """
    _check(obj, way, variant)
    manifest, notes = cleaned(obj), _handling(obj)
    metadata = _pod_template(manifest).setdefault("metadata", {})
    if way.settings:
        added = {key: SETTINGS[key] for key in sorted(way.settings)}
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **added}
    if way.name == SHUTDOWN and variant is not None:
        notes += CALLS[variant](_pod_template(manifest)["spec"])
    return Corrected(manifest, tuple(notes))


def cleaned(obj: Mapping[str, Any]) -> Object:
    """A copy without what the API server and Meshdesk wrote, so that it can be created."""
    kept: Object = {key: copy.deepcopy(obj[key]) for key in ("apiVersion", "kind", "spec") if key in obj}
    manual = bool(kept["spec"].get("manualSelector"))
    metadata = _clean_metadata(obj["metadata"], labels=not manual)
    manifest = {"apiVersion": kept.get("apiVersion"), "kind": kept.get("kind"), "metadata": metadata}
    manifest["spec"] = kept["spec"]
    if obj.get("kind") == "Job" and not manual:
        kept["spec"].pop("selector", None)
    if obj.get("kind") == "CronJob":
        _replace_metadata(kept["spec"]["jobTemplate"], labels=True)
    _replace_metadata(_pod_template(manifest), labels=not manual)
    return manifest


def _check(obj: Mapping[str, Any], way: Way, variant: str | None) -> None:
    if not way.fits:
        raise ValueError(way.why)
    if way.name != SHUTDOWN:
        if variant is not None:
            raise ValueError(f"The way {way.name} has no variants: leave the variant out.")
        return
    if variant not in VARIANTS:
        raise ValueError(f"Choose how the Job calls the proxy: {', '.join(VARIANTS)}.")
    if refusal := call_refusal(_pod_template(obj).get("spec") or {}, variant):
        raise ValueError(refusal)


def _pod_template(obj: Mapping[str, Any]) -> Any:
    # Unlike workloads.template_of: the part of the object itself, to be written into.
    node: Any = obj
    for step in template_path(str(obj["kind"]).lower())[:-2]:
        node = node[step]
    return node


def _clean_metadata(metadata: Mapping[str, Any], *, labels: bool) -> Object:
    found = {key: copy.deepcopy(metadata[key]) for key in _KEPT_METADATA if metadata.get(key)}
    if labels and "labels" in found:
        found["labels"] = _mine({k: v for k, v in found["labels"].items() if k not in _JOB_LABELS})
    if "annotations" in found:
        found["annotations"] = _mine({k: v for k, v in found["annotations"].items() if k not in _SERVERS_ANNOTATIONS})
    return {key: value for key, value in found.items() if value}


def _mine(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in texts.items() if not key.startswith(_OURS)}


def _replace_metadata(holder: Object, *, labels: bool) -> None:
    metadata = _clean_metadata(holder.pop("metadata", None) or {}, labels=labels)
    if metadata:
        holder["metadata"] = metadata


def _handling(obj: Mapping[str, Any]) -> list[str]:
    ref = WorkloadRef.of(obj)
    if ref.kind == "cronjob":
        return ["Commit this where the CronJob's manifest is kept: otherwise the next deployment takes it back."]
    found = [f"Delete {ref} before you create this one: a Job's pod template cannot be changed."]
    if owner := cron_job_of(obj):
        found.append(f"{ref} was made by cronjob/{owner}: correct that too, or its next Job is kept open again.")
    return found
