"""How an object comes into the practice cluster, whoever creates it. practice.py and practice_objects.py call it."""

from __future__ import annotations

from workers.cluster import refusals
from workers.cluster.object_paths import is_name
from workers.cluster.practice_defaults import defaulted, is_known
from workers.cluster.practice_patch import check, first_fields
from workers.cluster.practice_pods import Moment, adopt_pod, is_terminating, new_metadata
from workers.cluster.practice_rollout import touch
from workers.cluster.practice_store import Key, Object, key_of

_RBAC = "rbac.authorization.k8s.io/"


def add(moment: Moment, cluster: str, obj: Object, *, manager: str, dry_run: bool = False) -> Object:
    """Add an object with an API server's defaults; raises AlreadyExists, Refused, Gone without its namespace, and
    Transient while that is being deleted. A dry run checks it and stores nothing."""
    obj = defaulted(obj)
    _check_new(moment, cluster, obj, key_of(obj))
    if obj["kind"] == "Pod" and not dry_run:
        return adopt_pod(moment, obj)
    obj["metadata"] = new_metadata(obj, moment.time)
    obj["metadata"]["managedFields"] = first_fields(obj, manager=manager, time=moment.time)
    if not dry_run:
        touch(moment, moment.store.put(obj))
    return obj


def _check_new(moment: Moment, cluster: str, obj: Object, key: Key) -> None:
    if not is_known(obj):
        raise refusals.invalid(f"the practice cluster has no kind {obj['kind']}")
    # RBAC alone allows names such as `system:auth-delegator`.
    if not is_name(key[2]) and not obj["apiVersion"].startswith(_RBAC):
        raise refusals.invalid(f"{key[2]!r} is not a lowercase RFC 1123 subdomain")
    check(obj)
    if key[1]:
        _check_namespace(moment, cluster, key[1])
    if moment.store.get(key) is not None:
        raise refusals.already_there(cluster, refusals.place(f"{obj['kind']} {key[2]}", key[1]))


def _check_namespace(moment: Moment, cluster: str, name: str) -> None:
    namespace = moment.store.get(("namespace", "", name))
    if namespace is None:
        raise refusals.no_namespace(cluster, name)
    if is_terminating(namespace):
        raise refusals.terminating(cluster, name)
