"""Jobs that never end because of the proxy: which pods are kept open, since when, and why. Ways out are in job_ways.py.

A Job's pod ends when all its ordinary containers have ended; the proxy ends only when it is told to or when it is a
native sidecar, and the debug container never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.annotations import (
    DEBUG_SIDECAR,
    MeshDefaults,
    Source,
    effective,
    effective_native,
    is_true,
)
from portal.mesh.versions import Feature, KubernetesVersion, LinkerdVersion
from portal.mesh.workloads import PROXY_CONTAINER, WorkloadRef, template_annotations

DEBUG_CONTAINER = "linkerd-debug"
_ADDED = (PROXY_CONTAINER, DEBUG_CONTAINER)


@dataclass(frozen=True)
class Held:
    """A finished pod of a Job that runs on: `by` names the containers that keep it, `since` is when the last of the
    application's own ended (RFC 3339, as Kubernetes writes it)."""

    pod: str
    job: str
    since: str
    by: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Pod {self.pod} of job/{self.job} finished at {self.since} and is kept running by {' and '.join(self.by)}."
        )


def held_open(pod: Mapping[str, Any]) -> Held | None:
    """The pod as held open by the mesh's containers; None for any other pod, also one that may start again."""
    job, status = _job_of(pod), pod.get("status") or {}
    if job is None or status.get("phase") != "Running" or "deletionTimestamp" in pod["metadata"]:
        return None
    states = {one["name"]: one.get("state") or {} for one in status.get("containerStatuses") or []}
    names = [one["name"] for one in (pod.get("spec") or {}).get("containers") or []]
    by = tuple(name for name in names if name in _ADDED and "running" in states.get(name, {}))
    ends = [states.get(name, {}).get("terminated") for name in names if name not in _ADDED]
    if not by or not ends or not all(_is_final(end, pod) for end in ends):
        return None
    since = max(str((end or {}).get("finishedAt") or "") for end in ends)
    return Held(pod["metadata"]["name"], job, since, by)


def why_kept(
    workload: Mapping[str, Any],
    pods: Iterable[Mapping[str, Any]],
    mesh: MeshDefaults,
    around: Mapping[str, str] | None = None,
) -> list[str]:
    """Each held pod of this Job or CronJob in a sentence, then what keeps them; [] where none is held.

    `pods` are those of its Jobs, `around` the annotations of its namespace.
    """
    held = [found for found in map(held_open, pods) if found is not None]
    if not held:
        return []
    keepers = {name for one in held for name in one.by}
    return [*(str(one) for one in held), *_causes(workload, keepers, mesh, around or {})]


def runs_native(
    workload: Mapping[str, Any], mesh: MeshDefaults, around: Mapping[str, str] | None = None
) -> bool | None:
    """Whether new pods of the workload get the proxy as a native sidecar; None where the version is not understood."""
    version = LinkerdVersion.parse(mesh.version)
    if version is None:
        return None
    if not version.has(Feature.NATIVE_ALPHA):
        return False
    _, found = effective_native(template_annotations(workload), around or {}, mesh)
    return is_true(found.value)


def runs_debug(workload: Mapping[str, Any], mesh: MeshDefaults, around: Mapping[str, str] | None = None) -> bool:
    """Whether new pods of the workload get the debug container."""
    return is_true(effective(DEBUG_SIDECAR, template_annotations(workload), around or {}, mesh).value)


def unpatchable_job(obj: Mapping[str, Any]) -> str | None:
    """Why the pod template of this Job or CronJob cannot be changed, and what to do; None where it can.

    Kubernetes lets a suspended Job's labels and annotations change as long as it never started.
    """
    if obj.get("kind") == "CronJob":
        return None
    ref, started = WorkloadRef.of(obj), bool((obj.get("status") or {}).get("startTime"))
    if (obj.get("spec") or {}).get("suspend") is True and not started:
        return None
    if owner := cron_job_of(obj):
        return f"{ref} has started, so its pod template cannot be changed: ask for cronjob/{owner}, which makes it."
    return f"{ref} has started, so its pod template cannot be changed: delete it and create the corrected manifest."


def cron_job_of(obj: Mapping[str, Any]) -> str | None:
    """The name of the CronJob that made this Job."""
    return _owner(obj, "CronJob")


def _job_of(pod: Mapping[str, Any]) -> str | None:
    return _owner(pod, "Job")


def _owner(obj: Mapping[str, Any], kind: str) -> str | None:
    owners = (obj.get("metadata") or {}).get("ownerReferences") or []
    return next((str(one["name"]) for one in owners if one.get("kind") == kind), None)


def _is_final(end: Mapping[str, Any] | None, pod: Mapping[str, Any]) -> bool:
    # With OnFailure, one that failed is started again in the same pod: it has not ended.
    again = (pod.get("spec") or {}).get("restartPolicy") == "OnFailure"
    return end is not None and not (again and end.get("exitCode") != 0)


def _causes(
    workload: Mapping[str, Any], keepers: set[str], mesh: MeshDefaults, around: Mapping[str, str]
) -> Iterator[str]:
    if DEBUG_CONTAINER in keepers:
        yield "The debug container never ends, also beside a native sidecar: take it off the pod template or namespace."
    if PROXY_CONTAINER in keepers:
        why = _why_ordinary(workload, mesh, around)
        yield f"The proxy is an ordinary container and ends only when it is told to: {why}."


def _why_ordinary(workload: Mapping[str, Any], mesh: MeshDefaults, around: Mapping[str, str]) -> str:
    version, kubernetes = LinkerdVersion.parse(mesh.version), KubernetesVersion.parse(mesh.kubernetes)
    if version is None:
        return f'Linkerd\'s version "{mesh.version or "nothing"}" is not known here, so the reason is not guessed'
    if not version.has(Feature.NATIVE_ALPHA):
        return f"Linkerd {version} knows no native sidecars (2.15 and later do)"
    if kubernetes is not None and not kubernetes.native_sidecars:
        return f"Kubernetes {kubernetes} has no native sidecars (1.29 and later do)"
    key, found = effective_native(template_annotations(workload), around, mesh)
    if is_true(found.value):
        return "new pods get a native sidecar, but these were made before that"
    if found.source is Source.CONTROL_PLANE:
        return "native sidecars are off in this cluster's Linkerd unless a workload asks for one"
    return f'{key} is "{found.value}" ({found.source})'
