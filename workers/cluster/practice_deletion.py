"""How objects leave the practice cluster: owners take what they own along, namespaces end when they can.

practice.py and practice_objects.py delete; practice_rollout.py looks at the namespaces that are ending.
"""

from __future__ import annotations

from workers.cluster.practice_aggregation import unavailable
from workers.cluster.practice_pods import Moment, is_terminating, terminate
from workers.cluster.practice_store import Object, key_of

_OWNED = ("replicaset", "job", "pod")


def delete(moment: Moment, obj: Object) -> None:
    """Delete the object and what it controls; pods, namespaces and what has finalizers go a while later."""
    if obj["kind"] == "Pod":
        terminate(moment, [] if is_terminating(obj) else [obj])
    elif obj["kind"] == "Namespace":
        _end_namespace(moment, obj)
    elif obj["metadata"].get("finalizers"):
        _mark(moment, obj)
    else:
        moment.store.remove(key_of(obj))
        for kind in _OWNED:
            for child in moment.store.owned(obj["metadata"]["uid"], kind):
                delete(moment, child)


def leave_without_finalizers(moment: Moment, obj: Object) -> None:
    """Take away an object that was deleted before and has just lost its last finalizer."""
    if obj["kind"] not in ("Pod", "Namespace") and is_terminating(obj) and not obj["metadata"].get("finalizers"):
        del obj["metadata"]["deletionTimestamp"]
        delete(moment, obj)


def finish_namespace(moment: Moment, namespace: Object) -> bool:
    """Take the namespace away if nothing is left in it and every API answers; else note why not, and False.

    A real namespace controller cannot know that nothing is left while an API does not tell what it has.
    """
    name = namespace["metadata"]["name"]
    left, silent = moment.store.inside(name), unavailable(moment)
    if not left and not silent:
        moment.store.remove(key_of(namespace))
        return True
    conditions = [*_discovery_failed(silent), *_content_remains(left)]
    if namespace["status"].get("conditions") != conditions:
        namespace["status"]["conditions"] = conditions
        moment.store.put(namespace)
    return False


def _end_namespace(moment: Moment, namespace: Object) -> None:
    if is_terminating(namespace):
        return
    namespace["status"] = {"phase": "Terminating"}
    _mark(moment, namespace)
    for obj in moment.store.inside(namespace["metadata"]["name"]):
        # What was taken along with its owner is not there any more.
        if moment.store.get(key_of(obj)) is not None:
            delete(moment, obj)
    moment.store.schedule(key_of(namespace), moment.now + moment.seconds("terminate_seconds", 0.2))


def _mark(moment: Moment, obj: Object) -> None:
    if not is_terminating(obj):
        obj["metadata"]["deletionTimestamp"] = moment.time
        moment.store.put(obj)


def _discovery_failed(silent: list[Object]) -> list[Object]:
    if not silent:
        return []
    apis = ", ".join(f"{api['spec']['group']}/{api['spec']['version']}" for api in silent)
    message = f"Discovery failed for some groups, {len(silent)} failing: unable to retrieve the complete list of server"
    return [_condition("NamespaceDeletionDiscoveryFailure", "DiscoveryFailed", f"{message} APIs: {apis}")]


def _content_remains(left: list[Object]) -> list[Object]:
    if not left:
        return []
    kinds = ", ".join(sorted({obj["kind"] for obj in left}))
    message = f"Some resources are remaining: {kinds}"
    return [_condition("NamespaceContentRemaining", "SomeResourcesRemain", message)]


def _condition(kind: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": "True", "reason": reason, "message": message}
