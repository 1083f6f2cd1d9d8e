"""Targets on which a ticket writes nothing: Jobs for which it gives a manifest, and Jobs that started with its entries.

A Job's pod template cannot be changed once it has started. What is in it then ends with the Job: its undo waits for
that, and counts a Job that is over, whose pods are, as proven.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal import queries
from portal.mesh.annotations import MARK, is_set
from portal.mesh.diff import template_diff
from portal.mesh.jobs import unpatchable_job
from portal.mesh.pods import pod_facts
from portal.mesh.want import Want
from portal.mesh.workloads import template_annotations
from portal.models import TicketTarget
from workers.cluster.protocol import Object
from workers.context import Context, Spot
from workers.handlers import Before, Work

_OVER = ("Complete", "Failed")


@dataclass(frozen=True)
class Untouched:
    """A target that the ticket never wrote to."""

    spot: Spot
    rolled_out: bool = True
    matching: bool = True

    def progress(self) -> dict[str, Any]:
        """That there is none."""
        return {"written": "nothing: the ticket gives its manifest"}

    def evidence(self, before: Mapping[str, Before]) -> dict[str, Any]:
        """That nothing was written, and that nothing is to be taken back."""
        return {"workload": str(self.spot.ref), "untouched": True}

    def blockers(self) -> list[str]:
        """None."""
        return []


@dataclass(frozen=True)
class Started:
    """A Job that started while entries of an ended ticket were in its pod template."""

    spot: Spot
    obj: Object
    pods: list[Object]

    @property
    def rolled_out(self) -> bool:
        """Its pods were made from the template."""
        return True

    @property
    def matching(self) -> bool:
        """True once the Job is over: no pod will be made from the template any more, and none of it runs."""
        over = _condition(self.obj) is not None
        return over and all(pod_facts(pod).finished for pod in self.pods)

    def progress(self) -> dict[str, Any]:
        """What it waits for."""
        return {"waiting": [] if self.matching else [f"{self.spot.ref} is not over"]}

    def evidence(self, before: Mapping[str, Before]) -> dict[str, Any]:
        """How the Job ended, with its template and its pods as they are; JSON-safe."""
        earlier = before.get(str(self.spot.ref), {}).get("annotations", {})
        annotations = {k: v for k, v in template_annotations(self.obj).items() if "linkerd.io/" in k}
        return {
            "workload": str(self.spot.ref),
            "uid": self.obj["metadata"]["uid"],
            "over": _condition(self.obj),
            "annotations": annotations,
            "change": template_diff(earlier, annotations),
            "pods": [pod_facts(pod).to_json() for pod in self.pods],
        }

    def blockers(self) -> list[str]:
        """That it waits for the Job to end, and what else would do."""
        return [f"{self.spot.ref} started with what this ticket set, which ends with it: wait for that, or delete it."]


def _condition(job: Object) -> str | None:
    """Complete or Failed; None while the Job is not over."""
    conditions = (job.get("status") or {}).get("conditions") or []
    return next((str(one["type"]) for one in conditions if one["type"] in _OVER and one["status"] == "True"), None)


def is_wanted(context: Context, work: Work) -> bool:
    """Whether the ticket wants anything of the target's pod template."""
    return bool(_wanted(context, work))


def _wanted(context: Context, work: Work) -> Want:
    with context.database.reading() as session:
        return Want.from_json(session.get_one(TicketTarget, (work.ticket_id, work.spot.target_id)).wanted)


def started(context: Context, work: Work) -> Started | None:
    """The Job, when it started with entries of this ticket in it; None when it can be written as everything else."""
    if work.spot.ref.kind != "job":
        return None
    cluster = context.connect(work.spot.cluster)
    obj = cluster.workload(work.spot.ref)
    template, ours = template_annotations(obj), _wanted(context, work).settings
    if unpatchable_job(obj) is None or not any(is_set(key, template.get(key)) for key in ours):
        return None
    found = Started(work.spot, obj, cluster.pods(obj))
    if found.matching:
        _unmark(context, work.spot, obj)
    return found


def _unmark(context: Context, spot: Spot, obj: Object) -> None:
    """Take our mark off a Job that is over, unless another ticket still counts for it."""
    with context.database.reading() as session:
        live = queries.live_links(session, spot.target_id)
    if not live and MARK in (obj["metadata"].get("annotations") or {}):
        patch = {"metadata": {"annotations": {MARK: None}, "resourceVersion": obj["metadata"]["resourceVersion"]}}
        context.connect(spot.cluster).patch_workload(spot.ref, patch)
