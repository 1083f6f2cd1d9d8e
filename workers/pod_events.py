"""What a cluster's Events tell of a workload's pods: Linkerd's injector and refused pods. The rollout watcher asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.errors import ClusterError
from portal.mesh.events import Told, newest, told
from portal.mesh.rollouts import Rollout
from portal.mesh.stalls import not_created
from workers.cluster.protocol import Cluster, Object

INJECTOR = "linkerd-proxy-injector"
# What these controllers could not create they tell by Events alone; a Deployment has a condition for it.
_TELL_BY_EVENTS = ("StatefulSet", "DaemonSet")
_FAILED, _SUCCEEDED = "FailedCreate", "SuccessfulCreate"


def injector_said(cluster: Cluster, obj: Object) -> dict[str, Any]:
    """What the injector told of the pods of a workload, newest first, or why that cannot be read. JSON-safe."""
    try:
        found = cluster.events(obj["metadata"]["namespace"], uid=obj["metadata"]["uid"], source=INJECTOR)
    except ClusterError as error:
        return {"events": [], "problem": error.sentence}
    return {"events": [one.to_json() for one in newest(told(found))], "problem": None}


def refused_pods(cluster: Cluster, obj: Object, pods: Sequence[Object], rollout: Rollout) -> list[str]:
    """Why the pods of a StatefulSet or DaemonSet that are missing were refused, as far as Events tell."""
    if obj["kind"] not in _TELL_BY_EVENTS or rollout.complete or len(pods) >= rollout.desired:
        return []
    try:
        found = cluster.events(obj["metadata"]["namespace"], uid=obj["metadata"]["uid"])
    except ClusterError:
        return []
    # What others tell of the workload, as the injector, says nothing of whether its controller goes on.
    latest = newest(one for one in told(found) if one.reason in (_FAILED, _SUCCEEDED))[:1]
    return [not_created(_reason(one)) for one in latest if one.reason == _FAILED]


def _reason(one: Told) -> str:
    # `create Pod web-0 in StatefulSet web failed error: pods "web-0" is forbidden: exceeded quota: …`
    return one.message.rpartition(" failed error: ")[2]
