"""Why a rollout does not go on, in sentences that say what to do: the rollout watcher asks meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from portal.mesh.rollouts import Rollout

PATIENCE = timedelta(minutes=10)
"""A rollout that shows nothing new for so long is told as stalled, whatever the reason."""
# A node may be on its way; so long nobody is told.
_SCHEDULING = timedelta(minutes=1)
_LONGEST = 300
_GOES_ON = "Mend that, and the rollout goes on by itself."
_CRASHING = "CrashLoopBackOff"
_NOT_STARTED = frozenset(
    {
        *("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"),
        *("CreateContainerConfigError", "CreateContainerError", "RunContainerError"),
    }
)
_COUNTS = ("desired", "updated", "ready", "complete")


def stalls(obj: Mapping[str, Any], pods: Sequence[Mapping[str, Any]], rollout: Rollout, now: datetime) -> list[str]:
    """What keeps the rollout of this workload up, the most exact first; [] while it may be only on its way."""
    if rollout.complete:
        return []
    staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    found = [*_not_created(obj), *_not_scheduled(staying, now), *_not_running(staying)]
    return found or ([rollout.stalled] if rollout.stalled else [])


def _not_created(obj: Mapping[str, Any]) -> Iterator[str]:
    for condition in (obj.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            yield not_created(str(condition.get("message") or condition.get("reason") or "no reason is told"))


def not_created(why: str) -> str:
    """The sentence for pods that the API server refuses: a quota, limits, an admission policy."""
    return f"New pods cannot be created: {_short(why)}. {_GOES_ON}"


def _not_scheduled(pods: Iterable[Mapping[str, Any]], now: datetime) -> Iterator[str]:
    waiting = [(_name(pod), why) for pod in pods if (why := _unschedulable(pod, now)) is not None]
    if waiting:
        pod, why = waiting[0]
        yield f"Pod {pod}{_more(waiting)} finds no node: {_short(why)}. Make room, and the rollout goes on by itself."


def _unschedulable(pod: Mapping[str, Any], now: datetime) -> str | None:
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            since = _instant(condition.get("lastTransitionTime"))
            patient = since is not None and now - since < _SCHEDULING
            return None if patient else str(condition.get("message") or "no reason is told")
    return None


def _not_running(pods: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for pod in pods:
        for container, reason, message in _waiting(pod):
            groups.setdefault((container, reason), []).append((_name(pod), message))
    for (container, reason), found in groups.items():
        pod_name, message = found[0]
        where = f"Container {container} of pod {pod_name}{_more(found)}"
        if reason == _CRASHING:
            log = f"kubectl logs {pod_name} -c {container} -p"
            yield f"{where} keeps ending (CrashLoopBackOff): its log says why: {log}."
        else:
            yield f"{where} cannot be started ({reason}): {_short(message)}. {_GOES_ON}"


def _waiting(pod: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    status = pod.get("status") or {}
    for one in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (one.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") == _CRASHING or waiting.get("reason") in _NOT_STARTED:
            yield one["name"], waiting["reason"], str(waiting.get("message") or "no reason is told")


def followed(before: Mapping[str, Any], seen: Mapping[str, Any], *, phase: str, now: datetime) -> dict[str, Any]:
    """The progress of a rollout as it is kept: since when nothing moved, and stalled where that is too long.

    `before` is what was kept of it, {} for nothing; `phase` is whether it is applied or undone, which are told apart.
    """
    same = before.get("phase") == phase and _moves(before) == _moves(seen)
    moved_at = (_instant(before.get("moved_at")) if same else None) or now
    # A container that crashes runs now and then: what was told stands until something moves.
    stalled = seen.get("stalled") or (before.get("stalled") if same else None)
    if not stalled and _hangs(seen) and now - moved_at >= PATIENCE:
        stalled = _nothing_moves(seen)
    return {**seen, "stalled": stalled, "moved_at": moved_at.isoformat(), "phase": phase}


def _hangs(seen: Mapping[str, Any]) -> bool:
    # Where nothing rolls, as of a CronJob, the pods of before end when their work is done.
    return not seen.get("complete") or bool(seen.get("desired") and seen.get("waiting"))


def _nothing_moves(seen: Mapping[str, Any]) -> str:
    minutes = int(PATIENCE.total_seconds()) // 60
    first = next((f" ({sentence})" for sentence in seen.get("waiting") or ()), "")
    return (
        f"Nothing has moved for {minutes} minutes{first}: look at the pods and events of the workload; "
        "the rollout goes on by itself once they are mended."
    )


def _moves(progress: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*(progress.get(name) for name in _COUNTS), len(progress.get("waiting") or ()))


def stalled_in(progress: Mapping[str, Any], phase: str) -> dict[str, str]:
    """The workloads whose rollouts hang in that phase, each with the sentence that says why."""
    found = {name: one for name, one in progress.items() if isinstance(one, Mapping) and one.get("phase") == phase}
    return {name: str(one["stalled"]) for name, one in found.items() if one.get("stalled")}


def _name(pod: Mapping[str, Any]) -> str:
    return str(pod["metadata"]["name"])


def _more(found: Sequence[object]) -> str:
    return f" and of {len(found) - 1} more" if len(found) > 1 else ""


def _short(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _instant(text: Any) -> datetime | None:
    return None if not text else datetime.fromisoformat(str(text))
