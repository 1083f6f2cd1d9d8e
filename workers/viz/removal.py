"""Taking a Viz out of a cluster in the order that strands nothing: what is deleted, what is waited for, what is left.

Knows no database: take_away.py feeds it from the record, `meshdesk viz reap` from labels alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from portal.errors import Gone, Refused
from portal.mesh.objects import ObjectRef
from portal.mesh.viz.names import SELECTOR
from portal.mesh.viz.order import LABELLED, removal_stages
from portal.mesh.viz.presence import SCRAPES
from workers.cluster.protocol import Cluster, Object
from workers.created.lease import Keep
from workers.viz.site import there

IsOurs = Callable[[Object], bool]
# What people put into a namespace; pods, ReplicaSets and endpoints come from these.
_INSIDE = (
    ("v1", "ServiceAccount"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Pod"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("networking.k8s.io/v1", "Ingress"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("policy.linkerd.io/v1beta1", "Server"),
    ("policy.linkerd.io/v1alpha1", "HTTPRoute"),
    ("policy.linkerd.io/v1alpha1", "AuthorizationPolicy"),
    ("linkerd.io/v1alpha2", "ServiceProfile"),
)


def clear(
    cluster: Cluster, items: Mapping[ObjectRef, IsOurs], namespace: str, keep: Keep, gone: Callable[[ObjectRef], None]
) -> list[str]:
    """Delete these in order, none of a stage before all of the stage before are gone; gives what is still waited for.

    `gone` is told each that was read to be absent, or not ours. Each deletion is of the uid that was just read.
    """
    for stage in removal_stages(items, namespace):
        waiting = []
        for ref in stage:
            left = _away(cluster, ref, items[ref], keep)
            if left is None:
                gone(ref)
            else:
                waiting.append(_why(left, ref))
        if waiting:
            return waiting
    return []


def _away(cluster: Cluster, ref: ObjectRef, is_ours: IsOurs, keep: Keep) -> Object | None:
    """Have the object deleted; gives it where it is there all the same."""
    obj = there(cluster, ref)
    if obj is None or not is_ours(obj):
        return None
    if not obj["metadata"].get("deletionTimestamp"):
        keep()
        try:
            cluster.delete_object(ref, uid=obj["metadata"]["uid"])
        except Gone:
            return None
        obj = there(cluster, ref)
    return obj if obj is not None and is_ours(obj) else None


def _why(obj: Mapping[str, Any], ref: ObjectRef) -> str:
    reasons = [f"it waits for {', '.join(found)}"] if (found := obj["metadata"].get("finalizers")) else []
    reasons += [
        f"{one.get('reason')}: {str(one.get('message', '')).rstrip('.')}"
        for one in (obj.get("status") or {}).get("conditions") or []
        if ref.kind == "Namespace" and one.get("status") == "True"
    ]
    return f"{ref} is still being deleted ({'; '.join(reasons)})." if reasons else f"{ref} is still being deleted."


def labelled(cluster: Cluster) -> Iterator[Object]:
    """Everything in the cluster with Viz's label, of the kinds that Viz has."""
    for api_version, kind in LABELLED:
        yield from cluster.objects(api_version, kind, selector=SELECTOR)


def scrapes(cluster: Cluster, namespace: str) -> Iterator[Object]:
    """What `linkerd viz allow-scrapes` has put into other namespaces; it goes with Viz, where it came with it."""
    for api_version, kind in LABELLED:
        if kind in SCRAPES:
            found = cluster.objects(api_version, kind, selector=SELECTOR)
            yield from (obj for obj in found if obj["metadata"].get("namespace") != namespace)


def same(obj: Object) -> IsOurs:
    """Recognises this very object."""
    uid = obj["metadata"]["uid"]
    return lambda other: bool(other["metadata"]["uid"] == uid)


def inside(cluster: Cluster, namespace: str) -> Iterator[Object]:
    """What people may have put into a namespace, as far as Meshdesk may look."""
    for api_version, kind in _INSIDE:
        try:
            yield from cluster.objects(api_version, kind, namespace)
        except Refused:
            continue
