"""How far a change of the template has come, and what would keep it from being seen: for the watcher and preflight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rollout:
    """Counts of pods: wanted, made from the present template, ready. `stalled` is a sentence when it hangs."""

    desired: int
    updated: int
    ready: int
    complete: bool
    stalled: str | None = None


def rollout_of(obj: Mapping[str, Any]) -> Rollout:
    """The rollout as the object's status tells it; a CronJob, which has none, is complete when it is read."""
    read = {"deployment": _deployment, "statefulset": _stateful_set, "daemonset": _daemon_set}
    reader = read.get(str(obj.get("kind", "")).lower())
    if reader is None:
        return Rollout(0, 0, 0, complete=True)
    return reader(obj.get("spec") or {}, obj.get("status") or {}, observed=_is_observed(obj))


def _is_observed(obj: Mapping[str, Any]) -> bool:
    # Until the controller has seen this generation, every count in the status is about the template before.
    generation = obj["metadata"].get("generation", 0)
    return bool((obj.get("status") or {}).get("observedGeneration", 0) >= generation)


def _deployment(spec: Mapping[str, Any], status: Mapping[str, Any], *, observed: bool) -> Rollout:
    desired = _replicas(spec)
    updated = status.get("updatedReplicas", 0) if observed else 0
    none_left = status.get("replicas", 0) == updated
    complete = observed and updated == desired and none_left and status.get("availableReplicas", 0) >= desired
    stalled = _stalled(status) if observed and not complete else None
    return Rollout(desired, updated, status.get("readyReplicas", 0), complete, stalled)


def _stateful_set(spec: Mapping[str, Any], status: Mapping[str, Any], *, observed: bool) -> Rollout:
    desired = _replicas(spec)
    same = status.get("currentRevision") == status.get("updateRevision")
    updated = status.get("updatedReplicas", desired if same else 0) if observed else 0
    ready = status.get("readyReplicas", 0)
    none_left = status.get("replicas", 0) == desired
    complete = observed and same and updated >= desired and none_left and ready >= desired
    return Rollout(desired, updated, ready, complete)


def _daemon_set(_spec: Mapping[str, Any], status: Mapping[str, Any], *, observed: bool) -> Rollout:
    desired = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedNumberScheduled", 0) if observed else 0
    complete = observed and updated >= desired and status.get("numberAvailable", 0) >= desired
    return Rollout(desired, updated, status.get("numberReady", 0), complete)


def _replicas(spec: Mapping[str, Any]) -> int:
    replicas = spec.get("replicas")
    return 1 if replicas is None else int(replicas)


def _stalled(status: Mapping[str, Any]) -> str | None:
    for condition in status.get("conditions") or []:
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return (
                "The Deployment's new pods have not become ready within its progress deadline: look at their events "
                "and logs; the rollout goes on by itself once they do."
            )
    return None


def rollout_blockers(obj: Mapping[str, Any]) -> list[str]:
    """Sentences on why a change of this workload's template would not reach its pods, or not stay; [] when it would."""
    spec, metadata = obj.get("spec") or {}, obj["metadata"]
    found = [_owned(metadata), _deleted(metadata)]
    kind = str(obj.get("kind", "")).lower()
    if kind == "deployment" and spec.get("paused"):
        found.append("The Deployment's rollout is paused: resume it, so that pods can be replaced.")
    if kind in ("statefulset", "daemonset"):
        found.append(_held(spec.get("updateStrategy") or {}))
    return [sentence for sentence in found if sentence]


def _owned(metadata: Mapping[str, Any]) -> str | None:
    for owner in metadata.get("ownerReferences") or []:
        if owner.get("controller"):
            return (
                f"{owner.get('kind')} {owner.get('name')} controls this workload and would take the change back: "
                "ask for that one, or change it there."
            )
    return None


def _deleted(metadata: Mapping[str, Any]) -> str | None:
    return "The workload is being deleted." if "deletionTimestamp" in metadata else None


def _held(strategy: Mapping[str, Any]) -> str | None:
    if strategy.get("type") == "OnDelete":
        return "Its updateStrategy is OnDelete: pods keep the old template until they are deleted. Use RollingUpdate."
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if isinstance(partition, int) and partition > 0:
        return f"Pods below partition {partition} of its rolling strategy keep the old template: set it to 0."
    return None
