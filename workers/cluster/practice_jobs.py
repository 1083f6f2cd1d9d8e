"""Jobs in the practice cluster: one pod each, whose own containers end when the Job's owner says so.

The annotation `practice.meshdesk.io/finished: "true"` on the Job plays that. The pod then ends too, unless an ordinary
container of the mesh runs on in it, as with Kubernetes: the proxy without native sidecars, or the debug container.
"""

from __future__ import annotations

from portal.mesh.annotations import ADMIN_SHUTDOWN, MeshDefaults, effective, is_set
from portal.mesh.workloads import DEBUG_CONTAINER, PROXY_CONTAINER
from workers.cluster.practice_pods import (
    FINISHED,
    Birth,
    Moment,
    create_pod,
    end_containers,
    finish_pod,
    is_ready,
    set_status,
)
from workers.cluster.practice_store import Object

_ADDED = (PROXY_CONTAINER, DEBUG_CONTAINER)
# Nothing runs here: what a command says is taken for what it does.
_CALLS_SHUTDOWN = ("4191/shutdown", "linkerd-await")


def look_at_job(moment: Moment, job: Object) -> None:
    """Make the pod where the Job is not suspended, and let it end when its containers have ended."""
    pods = moment.store.owned(job["metadata"]["uid"], "pod")
    if not pods and not job["spec"].get("suspend"):
        pods = [_born(moment, job)]
    status = job.get("status", {})
    if "completionTime" in status:
        return
    started = {} if job["spec"].get("suspend") else {"startTime": status.get("startTime", moment.time)}
    if job["metadata"].get("annotations", {}).get(FINISHED) != "true" or job["spec"].get("suspend"):
        set_status(moment, job, {**started, "active": len(pods), "ready": sum(map(is_ready, pods))})
        return
    ended = [_end(moment, job, pod) for pod in pods]
    if not all(ended):
        set_status(moment, job, {**started, "active": len(pods)})
        return
    complete = {"type": "Complete", "status": "True", "lastTransitionTime": moment.time}
    over = {"succeeded": len(pods), "completionTime": moment.time, "conditions": [complete]}
    set_status(moment, job, {**started, **over})


def _born(moment: Moment, job: Object) -> Object:
    name, uid = job["metadata"]["name"], job["metadata"]["uid"]
    # Each in its old and its new form, as Kubernetes sets them.
    own = {"job-name": name[:63], "controller-uid": uid}
    labels = {**own, **{f"batch.kubernetes.io/{key}": value for key, value in own.items()}}
    birth = Birth(job["spec"]["template"], f"{name}-", job["metadata"]["namespace"], job, tuple(labels.items()))
    return create_pod(moment, birth)


def _end(moment: Moment, job: Object, pod: Object) -> bool:
    """End the pod's own containers; True when the pod ends with them."""
    names = [one["name"] for one in pod["spec"]["containers"]]
    staying = [name for name in names if name in _ADDED and not (name == PROXY_CONTAINER and _told(moment, job, pod))]
    if staying:
        end_containers(moment, pod, staying)
        return False
    finish_pod(moment, pod)
    return True


def _told(moment: Moment, job: Object, pod: Object) -> bool:
    """Whether a container calls the proxy's shutdown endpoint, and it is on."""
    namespace = moment.store.get(("namespace", "", job["metadata"]["namespace"])) or {"metadata": {}}
    config = moment.store.get(("configmap", "linkerd", "linkerd-config"))
    if config is None:
        return False
    around = namespace["metadata"].get("annotations") or {}
    own = pod["metadata"].get("annotations") or {}
    on = effective(ADMIN_SHUTDOWN, own, around, MeshDefaults.from_config_map(config)).value
    said = " ".join(str(part) for one in pod["spec"]["containers"] for part in one.get("command") or [])
    return is_set(ADMIN_SHUTDOWN, on) and any(call in said for call in _CALLS_SHUTDOWN)
