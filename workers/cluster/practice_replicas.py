"""The practice cluster's Deployment and ReplicaSet controllers; practice_rollout.py has them look at one workload.

A Deployment rolls with one pod more than wanted and none less, the default of Kubernetes for up to four replicas.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime

from workers.cluster.practice_pods import (
    Birth,
    Moment,
    create_pod,
    digest,
    is_never_ready,
    is_ready,
    is_terminating,
    new_metadata,
    owner_reference,
    retry_unready,
    set_status,
    terminate,
)
from workers.cluster.practice_store import Object, key_of

_REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"


def look_at_deployment(moment: Moment, deployment: Object) -> None:
    """One step of a rollout: new pods one at a time, an old one ends for each new one that serves."""
    current = _current_set(moment, deployment)
    if current is not None:
        _roll(moment, deployment, current)
    _write_status(moment, deployment, current)


def look_at_replica_set(moment: Moment, replica_set: Object) -> None:
    """A bare ReplicaSet keeps its number of pods; one of a Deployment is left to that."""
    if replica_set["metadata"].get("ownerReferences"):
        return
    pods = _active(moment, replica_set)
    _resize(moment, replica_set, replica_set, replica_set["spec"].get("replicas", 1), pods)
    _write_set(moment, replica_set, replica_set["spec"].get("replicas", 1))


def _current_set(moment: Moment, deployment: Object) -> Object | None:
    """The ReplicaSet that new pods belong to; a paused Deployment keeps the latest it has."""
    sets = sorted(_sets(moment, deployment), key=_revision)
    template_hash = digest(deployment["spec"]["template"])
    found = next((s for s in sets if s["metadata"]["labels"][_HASH] == template_hash), None)
    if deployment["spec"].get("paused"):
        return sets[-1] if sets else None
    revision = _revision(sets[-1]) + 1 if sets else 1
    if found is None:
        found = _new_set(moment, deployment, template_hash, revision)
    elif found is not sets[-1]:
        found["metadata"]["annotations"][_REVISION] = str(revision)
        moment.store.put(found)
    return found


def _new_set(moment: Moment, deployment: Object, template_hash: str, revision: int) -> Object:
    metadata, label = deployment["metadata"], {_HASH: template_hash}
    template = copy.deepcopy(deployment["spec"]["template"])
    template["metadata"]["labels"] = {**template["metadata"].get("labels", {}), **label}
    selector = {**deployment["spec"]["selector"]}
    selector["matchLabels"] = {**selector.get("matchLabels", {}), **label}
    replica_set = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{template_hash}"[-253:],
            "namespace": metadata["namespace"],
            "labels": template["metadata"]["labels"],
            "annotations": {_REVISION: str(revision)},
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    }
    replica_set["metadata"] = new_metadata(replica_set, moment.time)
    deployment["metadata"].setdefault("annotations", {})[_REVISION] = str(revision)
    return moment.store.put(replica_set)


def _roll(moment: Moment, deployment: Object, current: Object) -> None:
    wanted = deployment["spec"].get("replicas", 1)
    new = _active(moment, current)
    old = [p for s in _sets(moment, deployment) if key_of(s) != key_of(current) for p in _active(moment, s)]
    surplus = len(old) + sum(map(is_ready, new)) - wanted
    ending = sorted(old, key=is_ready)[: max(surplus, 0)]
    terminate(moment, ending)
    left = len(old) - len(ending)
    room = wanted + 1 - left if left else wanted
    _resize(moment, deployment, current, min(room, wanted), new)
    for replica_set in _sets(moment, deployment):
        _write_set(moment, replica_set, len(_active(moment, replica_set)))


def _resize(moment: Moment, workload: Object, replica_set: Object, wanted: int, pods: Sequence[Object]) -> None:
    terminate(moment, pods[max(wanted, 0) :])
    ready = not is_never_ready(workload)
    for _ in range(wanted - len(pods)):
        metadata = replica_set["metadata"]
        template = replica_set["spec"]["template"]
        create_pod(moment, Birth(template, f"{metadata['name']}-", metadata["namespace"], replica_set, (), ready))
    retry_unready(moment, workload, pods)


def _write_set(moment: Moment, replica_set: Object, wanted: int) -> None:
    if replica_set["spec"].get("replicas", 1) != wanted:
        replica_set["spec"]["replicas"] = wanted
        replica_set["metadata"]["generation"] += 1
    pods = _active(moment, replica_set)
    ready = sum(map(is_ready, pods))
    counts = {"replicas": len(pods), "fullyLabeledReplicas": len(pods)}
    set_status(moment, replica_set, {**counts, "readyReplicas": ready, "availableReplicas": ready})


def _write_status(moment: Moment, deployment: Object, current: Object | None) -> None:
    pods = [pod for s in _sets(moment, deployment) for pod in _active(moment, s)]
    updated = 0 if current is None else len(_active(moment, current))
    if deployment["spec"].get("paused") and current is not None and not _is_for(current, deployment):
        updated = 0
    ready = sum(map(is_ready, pods))
    wanted = deployment["spec"].get("replicas", 1)
    counts = {
        "replicas": len(pods),
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(wanted, len(pods)) - ready,
    }
    complete = updated == len(pods) == wanted == ready
    set_status(moment, deployment, {**counts, "conditions": _conditions(moment, deployment, counts, complete=complete)})


def _conditions(moment: Moment, deployment: Object, counts: dict[str, int], *, complete: bool) -> list[Object]:
    status = deployment.get("status", {})
    before = next((c for c in status.get("conditions", []) if c["type"] == "Progressing"), None)
    moved = status.get("observedGeneration") != deployment["metadata"]["generation"]
    moved = moved or any(status.get(field, 0) != count for field, count in counts.items())
    if deployment["spec"].get("paused"):
        return [{"type": "Progressing", "status": "Unknown", "reason": "DeploymentPaused"}]
    serves = counts["availableReplicas"] >= deployment["spec"].get("replicas", 1)
    available = {"type": "Available", "status": "True" if serves else "False", "reason": "MinimumReplicasAvailable"}
    if complete:
        reason, changed = "NewReplicaSetAvailable", before is None or before["reason"] != "NewReplicaSetAvailable"
    elif before is None or moved:
        reason, changed = "ReplicaSetUpdated", True
    else:
        reason, changed = _stalled(moment, deployment, before), False
    since = moment.time if changed or before is None else before["lastUpdateTime"]
    state = "False" if reason == "ProgressDeadlineExceeded" else "True"
    progressing = {"type": "Progressing", "status": state, "reason": reason, "lastUpdateTime": since}
    if reason == "ReplicaSetUpdated":
        moment.store.schedule(key_of(deployment), _deadline(deployment, since))
    return [available, progressing]


def _stalled(moment: Moment, deployment: Object, before: Object) -> str:
    if before["reason"] == "NewReplicaSetAvailable":
        return "NewReplicaSetAvailable"
    late = moment.now >= _deadline(deployment, before["lastUpdateTime"])
    return "ProgressDeadlineExceeded" if late else "ReplicaSetUpdated"


def _deadline(deployment: Object, since: str) -> float:
    started = datetime.fromisoformat(since).timestamp()
    return started + float(deployment["spec"].get("progressDeadlineSeconds", 600))


def _sets(moment: Moment, deployment: Object) -> list[Object]:
    return moment.store.owned(deployment["metadata"]["uid"], "replicaset")


def _active(moment: Moment, replica_set: Object) -> list[Object]:
    return [pod for pod in moment.store.owned(replica_set["metadata"]["uid"], "pod") if not is_terminating(pod)]


def _revision(replica_set: Object) -> int:
    return int(replica_set["metadata"]["annotations"][_REVISION])


def _is_for(replica_set: Object, deployment: Object) -> bool:
    return bool(replica_set["metadata"]["labels"][_HASH] == digest(deployment["spec"]["template"]))
