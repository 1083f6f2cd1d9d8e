"""The practice cluster's Events: what Linkerd's injector tells of a pod's owner. practice_pods.py notes them.

As in a real cluster the same word again is counted in the one Event, and each is gone an hour after it was last said.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from portal.mesh.injection import Reason
from workers.cluster.practice_store import Key, Object, Transaction, controller_uid

if TYPE_CHECKING:
    from workers.cluster.practice_pods import Moment

INJECTOR = "linkerd-proxy-injector"
KEPT_SECONDS = 3600.0


def note_injection(moment: Moment, pod: Object, reasons: Sequence[Reason]) -> None:
    """Keep what the injector says of a pod's topmost owner: nothing without one, or where its webhook is not called."""
    owner = _topmost(moment.store, pod)
    if owner is None or any(reason.code.startswith("webhook_") for reason in reasons):
        return
    why = ", ".join(reason.text for reason in reasons)
    if why:
        note(moment, owner, ("InjectionSkipped", f"Linkerd sidecar proxy injection skipped: {why}"), INJECTOR)
    else:
        note(moment, owner, ("Injected", "Linkerd sidecar proxy injected"), INJECTOR)


def note(moment: Moment, about: Object, said: tuple[str, str], source: str, sort: str = "Normal") -> None:
    """Keep one Event about an object: its reason and message."""
    reason, message = said
    metadata, name = about["metadata"], _name(about, said, source)
    key: Key = ("event", metadata["namespace"], name)
    event = moment.store.get(key) or {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "uid": str(uuid.uuid4()),
            "creationTimestamp": moment.time,
        },
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            **{part: metadata[part] for part in ("name", "namespace", "uid")},
        },
        "reason": reason,
        "message": message,
        "type": sort,
        "source": {"component": source},
        "reportingComponent": source,
        "firstTimestamp": moment.time,
        "count": 0,
    }
    moment.store.put({**event, "lastTimestamp": moment.time, "count": event["count"] + 1})
    moment.store.schedule(key, moment.now + KEPT_SECONDS)


def _name(about: Object, said: tuple[str, str], source: str) -> str:
    same = "\n".join((about["metadata"]["uid"], source, *said)).encode()
    return f"{about['metadata']['name']}.{hashlib.sha256(same).hexdigest()[:16]}"[-253:]


def _topmost(store: Transaction, obj: Object) -> Object | None:
    """The workload that the object comes from, through ReplicaSets and Jobs; None where nothing controls it."""
    found = None
    while (uid := controller_uid(obj)) and (above := _owner(store, obj, uid)) is not None:
        found = obj = above
    return found


def _owner(store: Transaction, obj: Object, uid: str) -> Object | None:
    for reference in obj["metadata"]["ownerReferences"]:
        if reference["uid"] == uid:
            return store.get((reference["kind"].lower(), obj["metadata"]["namespace"], reference["name"]))
    return None
