"""How pods come and go in the practice cluster: made from a template, injected, ready and later gone after a while.

practice_rollout.py decides when; this module does it. A `Moment` is the cluster at one time inside a transaction.
"""

from __future__ import annotations

import copy
import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.injection import inject, why_not_injected
from workers.cluster.practice_events import note_injection
from workers.cluster.practice_store import Object, Transaction, controller_uid, key_of

NEVER_READY = "practice.meshdesk.io/never-ready"
FINISHED = "practice.meshdesk.io/finished"
WEBHOOK = "linkerd-proxy-injector-webhook-config"
TAP_WEBHOOK = "linkerd-tap-injector-webhook-config"
TAP_ENABLED = "viz.linkerd.io/tap-enabled"
DISABLE_TAP = "viz.linkerd.io/disable-tap"
# Kinds whose changes an API server does not count, though they have a spec.
_UNCOUNTED = ("Namespace", "Service", "APIService", "LimitRange", "ResourceQuota", "PersistentVolumeClaim")
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True)
class Moment:
    """The practice cluster at `now` (seconds since the epoch), within one transaction."""

    store: Transaction
    now: float

    @property
    def time(self) -> str:
        """`now` as an API server writes it."""
        return datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def seconds(self, setting: str, default: float) -> float:
        """A setting that is a number of seconds."""
        return float(self.store.setting(setting, default))


@dataclass(frozen=True)
class Birth:
    """A pod to be made; a name that ends in "-" is completed, a bare pod has no controller."""

    template: Object
    name: str
    namespace: str
    controller: Object | None = None
    labels: tuple[tuple[str, str], ...] = ()
    ready: bool = True


def digest(value: Any) -> str:
    """A short hash of JSON in the letters that Kubernetes uses for names."""
    number = int(hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest(), 16)
    return _letters(number, 10)


def owner_reference(owner: Object) -> Object:
    """The ownerReferences entry of something that `owner` controls."""
    metadata = owner["metadata"]
    names = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    return {**names, "controller": True, "blockOwnerDeletion": True}


def new_metadata(obj: Object, time: str) -> Object:
    """The object's metadata with what an API server adds when it creates it."""
    metadata = {**obj["metadata"], "uid": str(uuid.uuid4()), "creationTimestamp": time}
    return metadata if "spec" not in obj or obj["kind"] in _UNCOUNTED else {**metadata, "generation": 1}


def create_pod(moment: Moment, birth: Birth) -> Object:
    """Make the pod as the API server and Linkerd's injector would, running at once and ready after the pace."""
    pod = _admitted(moment, _raw_pod(birth, moment.time))
    _mark(pod, "Running", ready=False)
    moment.store.put(pod)
    if birth.ready:
        moment.store.schedule(key_of(pod), moment.now + moment.seconds("roll_seconds_per_pod", 0.3))
    return pod


def adopt_pod(moment: Moment, pod: Object) -> Object:
    """Make a pod that somebody wrote out themselves; raises nothing: its name was checked."""
    template = {"metadata": {k: v for k, v in pod["metadata"].items() if k != "name"}, "spec": pod["spec"]}
    return create_pod(moment, Birth(template, pod["metadata"]["name"], pod["metadata"]["namespace"]))


def terminate(moment: Moment, pods: Iterable[Object]) -> None:
    """Let the pods end: they linger, terminating, and are gone after a while."""
    for pod in pods:
        pod["metadata"] |= {"deletionTimestamp": moment.time, "deletionGracePeriodSeconds": 30}
        moment.store.put(pod)
        moment.store.schedule(key_of(pod), moment.now + moment.seconds("terminate_seconds", 0.2))


def progress_pod(moment: Moment, pod: Object) -> None:
    """What was due for the pod: gone when it was terminating, ready unless it has ended."""
    if is_terminating(pod):
        moment.store.remove(key_of(pod))
    elif pod["status"]["phase"] != "Succeeded":
        _mark(pod, "Running", ready=True)
        moment.store.put(pod)


def finish_pod(moment: Moment, pod: Object) -> None:
    """The pod's containers ended well."""
    _mark(pod, "Succeeded", ready=False)
    moment.store.put(pod)


def end_containers(moment: Moment, pod: Object, staying: Iterable[str]) -> None:
    """The pod's ordinary containers ended well, except those named `staying`, which keep the pod running."""
    ended = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": moment.time}}
    statuses = pod["status"]["containerStatuses"]
    mine = [one for one in statuses if one["name"] not in set(staying) and "terminated" not in one["state"]]
    if mine:
        for one in mine:
            one |= {"ready": False, "state": ended}
        for condition in pod["status"]["conditions"]:
            condition["status"] = "True" if condition["type"] == "PodScheduled" else "False"
        moment.store.put(pod)


def is_never_ready(workload: Object) -> bool:
    """Whether the owner wants to practise a rollout that hangs: annotated so, its new pods never serve."""
    return bool(workload["metadata"].get("annotations", {}).get(NEVER_READY) == "true")


def retry_unready(moment: Moment, workload: Object, pods: Iterable[Object]) -> None:
    """Pods that were held unready become ready after the pace once their workload is no longer annotated so."""
    for pod in pods:
        held = not is_ready(pod) and not is_terminating(pod) and not moment.store.scheduled(key_of(pod))
        if held and not is_never_ready(workload):
            moment.store.schedule(key_of(pod), moment.now + moment.seconds("roll_seconds_per_pod", 0.3))


def set_status(moment: Moment, obj: Object, status: Object) -> None:
    """Write the status when it says something new; counts of zero are left out as an API server does."""
    always = obj["kind"] == "DaemonSet"
    told = {field: value for field, value in status.items() if value or always}
    if obj["kind"] != "Job":
        told["observedGeneration"] = obj["metadata"]["generation"]
    if obj.get("status") != told:
        obj["status"] = told
        moment.store.put(obj)


def is_terminating(pod: Object) -> bool:
    """Whether the pod is on its way out."""
    return "deletionTimestamp" in pod["metadata"]


def is_ready(pod: Object) -> bool:
    """Whether the pod serves."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])


def _raw_pod(birth: Birth, time: str) -> Object:
    template = copy.deepcopy(birth.template)
    metadata = template.get("metadata", {})
    metadata["labels"] = {**metadata.get("labels", {}), **dict(birth.labels)}
    if birth.name.endswith("-"):
        metadata["generateName"] = birth.name
    if birth.controller is not None:
        metadata["ownerReferences"] = [owner_reference(birth.controller)]
    spec = {"nodeName": "practice-node-1", "serviceAccountName": "default", **template["spec"]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    pod["metadata"] |= {"name": _pod_name(birth.name), "namespace": birth.namespace, **new_metadata(pod, time)}
    return pod


def _pod_name(name: str) -> str:
    # Kubernetes cuts the given part at 58 characters so that the generated name fits a label.
    return name if not name.endswith("-") else name[:58] + _letters(uuid.uuid4().int, 5)


def _letters(number: int, count: int) -> str:
    return "".join(_ALPHABET[number // len(_ALPHABET) ** place % len(_ALPHABET)] for place in range(count))


def _admitted(moment: Moment, pod: Object) -> Object:
    """The pod after Linkerd's webhook, the same when Linkerd is not there or its injector is switched off."""
    config = moment.store.get(("configmap", "linkerd", "linkerd-config"))
    webhook = moment.store.get(("mutatingwebhookconfiguration", "", WEBHOOK))
    namespace = moment.store.get(("namespace", "", pod["metadata"]["namespace"]))
    if config is None or webhook is None or namespace is None or moment.store.setting("injector_down", False):
        return pod
    reasons = why_not_injected(pod_template_or_pod=pod, namespace=namespace, webhook=webhook)
    note_injection(moment, pod, reasons)
    if reasons:
        return pod
    return _tappable(moment, inject(pod, namespace, MeshDefaults.from_config_map(config)), namespace)


def _tappable(moment: Moment, pod: Object, namespace: Object) -> Object:
    """The meshed pod after Viz's own webhook, the same where there is no Viz."""
    opted_out = any((one["metadata"].get("annotations") or {}).get(DISABLE_TAP) == "true" for one in (pod, namespace))
    if opted_out or moment.store.get(("mutatingwebhookconfiguration", "", TAP_WEBHOOK)) is None:
        return pod
    annotations = {**(pod["metadata"].get("annotations") or {}), TAP_ENABLED: "true"}
    return {**pod, "metadata": {**pod["metadata"], "annotations": annotations}}


def _mark(pod: Object, phase: str, *, ready: bool) -> None:
    state = "True" if ready else "False"
    conditions = [{"type": kind, "status": state} for kind in ("Ready", "ContainersReady")]
    running = [c for c in pod["spec"].get("initContainers", []) if c.get("restartPolicy") == "Always"]
    time = pod["metadata"]["creationTimestamp"]
    over = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": time}}
    all_in: Object = over if phase == "Succeeded" else {"running": {"startedAt": time}}
    pod["status"] = {
        "phase": phase,
        "conditions": [{"type": "PodScheduled", "status": "True"}, *conditions],
        "containerStatuses": [_container_status(c, ready, all_in) for c in pod["spec"]["containers"]],
        "initContainerStatuses": [_container_status(c, ready, all_in) for c in running],
        "startTime": pod["metadata"]["creationTimestamp"],
        "qosClass": "BestEffort",
    }


def _container_status(container: Object, ready: bool, state: Object) -> Object:
    said = {"name": container["name"], "image": container.get("image", ""), "ready": ready, "restartCount": 0}
    return {**said, "state": copy.deepcopy(state)}


def owner_key(moment: Moment, obj: Object, kinds: tuple[str, ...]) -> tuple[str, str, str] | None:
    """The key of the object's controller when it is one of these kinds and still there."""
    uid = controller_uid(obj)
    owners = obj["metadata"].get("ownerReferences", [])
    for owner in owners:
        key = (owner["kind"].lower(), obj["metadata"]["namespace"], owner["name"])
        if owner["uid"] == uid and key[0] in kinds and moment.store.get(key) is not None:
            return key
    return None
