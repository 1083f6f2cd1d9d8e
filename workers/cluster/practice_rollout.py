"""The controllers of the practice cluster: practice.py lets time catch up here before each operation on the file.

Nothing runs in the background. What is due has a time in the file; each look at one workload compares what is with what
should be, makes one step, and is called again when a pod became ready or went away.
"""

from __future__ import annotations

from workers.cluster.practice_deletion import finish_namespace
from workers.cluster.practice_jobs import look_at_job
from workers.cluster.practice_pods import (
    Birth,
    Moment,
    create_pod,
    digest,
    is_never_ready,
    is_ready,
    is_terminating,
    owner_key,
    progress_pod,
    retry_unready,
    set_status,
    terminate,
)
from workers.cluster.practice_replicas import look_at_deployment, look_at_replica_set
from workers.cluster.practice_store import Key, Object, Transaction, key_of

CONTROLLERS = ("deployment", "replicaset", "statefulset", "daemonset", "job")
NODES = ("practice-node-1", "practice-node-2")


def catch_up(store: Transaction, now: float) -> None:
    """Let everything happen that was due by `now`, in the order of time."""
    hanging = []
    while (due := store.take_due(now)) is not None:
        key, at = due
        obj = store.get(key)
        if obj is None:
            continue
        if key[0] != "namespace":
            _happen(Moment(store, at), key, obj)
        elif not finish_namespace(Moment(store, at), obj):
            hanging.append(key)
    # Looked at again with the next operation, which may have taken away what they wait for.
    for key in hanging:
        store.schedule(key, now)


def touch(moment: Moment, obj: Object) -> None:
    """Have the controllers look at an object that was created or changed."""
    if key_of(obj)[0] in CONTROLLERS:
        moment.store.schedule(key_of(obj), moment.now)


def _happen(moment: Moment, key: Key, obj: Object) -> None:
    if key[0] == "event":
        moment.store.remove(key)
        return
    if key[0] != "pod":
        _LOOKS[key[0]](moment, obj)
        return
    progress_pod(moment, obj)
    owner: Object | None = obj
    while owner is not None and (above := owner_key(moment, owner, CONTROLLERS)) is not None:
        moment.store.schedule(above, moment.now)
        owner = moment.store.get(above)


def _look_at_stateful_set(moment: Moment, workload: Object) -> None:
    """One pod at a time: missing ordinals are made from the lowest, outdated ones end from the highest."""
    spec, revision = workload["spec"], f"{workload['metadata']['name'][:50]}-{digest(workload['spec']['template'])}"
    pods = {_ordinal(pod): pod for pod in moment.store.owned(workload["metadata"]["uid"], "pod")}
    wanted, here = range(spec.get("replicas", 1)), [pod for pod in pods.values() if not is_terminating(pod)]
    terminate(moment, [pod for pod in here if _ordinal(pod) not in wanted])
    missing = [ordinal for ordinal in wanted if ordinal not in pods]
    outdated = [o for o in _replaceable(spec, wanted) if o in pods and _revision(pods[o]) != revision]
    for ordinal in missing:
        _create_replica(moment, workload, f"{workload['metadata']['name']}-{ordinal}", revision)
    # As in Kubernetes: while a pod is not ready nothing moves on, and a broken rollout waits for a person.
    if not missing and outdated and all(is_ready(pod) and not is_terminating(pod) for pod in pods.values()):
        terminate(moment, [pods[max(outdated)]])
    retry_unready(moment, workload, here)
    _stateful_status(moment, workload, revision)


def _replaceable(spec: Object, wanted: range) -> range:
    strategy = spec.get("updateStrategy", {})
    if strategy.get("type") == "OnDelete":
        return range(0)
    return range(strategy.get("rollingUpdate", {}).get("partition", 0), wanted.stop)


def _stateful_status(moment: Moment, workload: Object, revision: str) -> None:
    pods = [p for p in moment.store.owned(workload["metadata"]["uid"], "pod") if not is_terminating(p)]
    updated = [pod for pod in pods if _revision(pod) == revision]
    ready = sum(map(is_ready, pods))
    done = len(updated) == len(pods) == workload["spec"].get("replicas", 1) == ready
    before = workload.get("status", {}).get("currentRevision", revision)
    current = revision if done else before
    counts = {
        "replicas": len(pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "updatedReplicas": len(updated),
        "currentReplicas": sum(_revision(pod) == current for pod in pods),
    }
    set_status(moment, workload, {**counts, "currentRevision": current, "updateRevision": revision})


def _look_at_daemon_set(moment: Moment, workload: Object) -> None:
    """A pod on each node; outdated ones are replaced node by node."""
    revision = digest(workload["spec"]["template"])
    pods = {pod["spec"]["nodeName"]: pod for pod in moment.store.owned(workload["metadata"]["uid"], "pod")}
    outdated = [node for node in NODES if node in pods and _revision(pods[node]) != revision]
    for node in (node for node in NODES if node not in pods):
        _create_replica(moment, workload, f"{workload['metadata']['name']}-", revision, node)
    settled = len(pods) == len(NODES) and all(is_ready(p) and not is_terminating(p) for p in pods.values())
    rolls = workload["spec"].get("updateStrategy", {}).get("type") != "OnDelete"
    if rolls and outdated:
        stuck = [n for n in outdated if not is_ready(pods[n]) and not is_terminating(pods[n])]
        terminate(moment, [pods[node] for node in (outdated[:1] if settled else stuck)])
    retry_unready(moment, workload, [pod for pod in pods.values() if not is_terminating(pod)])
    _daemon_status(moment, workload, revision)


def _daemon_status(moment: Moment, workload: Object, revision: str) -> None:
    pods = [p for p in moment.store.owned(workload["metadata"]["uid"], "pod") if not is_terminating(p)]
    ready = sum(map(is_ready, pods))
    counts = {
        "desiredNumberScheduled": len(NODES),
        "currentNumberScheduled": len(pods),
        "updatedNumberScheduled": sum(_revision(pod) == revision for pod in pods),
        "numberReady": ready,
        "numberAvailable": ready,
        "numberUnavailable": len(NODES) - ready,
    }
    set_status(moment, workload, {**counts, "numberMisscheduled": 0})


def _create_replica(moment: Moment, workload: Object, name: str, revision: str, node: str | None = None) -> None:
    template = workload["spec"]["template"]
    if node is not None:
        template = {**template, "spec": {**template["spec"], "nodeName": node}}
    labels = (("controller-revision-hash", revision),)
    ready = not is_never_ready(workload)
    create_pod(moment, Birth(template, name, workload["metadata"]["namespace"], workload, labels, ready))


def _revision(pod: Object) -> str:
    return str(pod["metadata"]["labels"]["controller-revision-hash"])


def _ordinal(pod: Object) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


_LOOKS = {
    "deployment": look_at_deployment,
    "replicaset": look_at_replica_set,
    "statefulset": _look_at_stateful_set,
    "daemonset": _look_at_daemon_set,
    "job": look_at_job,
}
