"""Creating and deleting what is on record: POST only, so nothing of anybody else's is ever taken over or deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from portal.errors import AlreadyExists, Gone, Refused, Transient
from portal.mesh.drift import restoring
from portal.mesh.objects import ObjectRef
from portal.mesh.stamp import stamped
from workers.cluster.protocol import Cluster, Object
from workers.context import Context, Spot
from workers.created.lease import Keep
from workers.created.rows import Record, note_gone, note_uid, note_written, recorded


def create(
    context: Context, spot: Spot, ticket_id: int | None, manifests: Sequence[Object], keep: Keep
) -> list[Record]:
    """Create what is not created yet, in this order, each recorded before; gives the records.

    What is on record with its uid is left alone, whatever became of it: nothing is added twice. Raises Refused when
    something of that name is there that is not ours, Transient while such a thing is being deleted.
    """
    cluster = context.connect(spot.cluster)
    found = recorded(context, spot, ticket_id, manifests)
    for record, manifest in zip(found, manifests, strict=True):
        if record.uid is None:
            keep()
            obj = _post(context, cluster, record, manifest)
            note_uid(context, record, obj["metadata"]["uid"])
    return found


def _post(context: Context, cluster: Cluster, record: Record, manifest: Object) -> Object:
    ticket = None if record.ticket_id is None else f"MD-{record.ticket_id}"
    try:
        return cluster.create_object(stamped(manifest, nonce=record.nonce, ticket=ticket))
    except AlreadyExists:
        there = _there(cluster, record.ref)
    if there is None or there["metadata"].get("deletionTimestamp"):
        raise Transient(f"{record.ref} of before is still being deleted; this is tried again by itself.")
    if record.is_ours(there):
        return there
    note_gone(context, [record])
    raise Refused(
        f"{record.ref} is there already and Meshdesk did not create it: its owner must remove or rename it first."
    )


def rewrite(context: Context, spot: Spot, record: Record, there: Object, manifest: Object) -> None:
    """Make our object, as it was just read, what the manifest says; whatever else it carries stays.

    Raises Conflict (Transient) when somebody changed it since, Gone, Refused.
    """
    wanted = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata")}
    patch = restoring(wanted, {key: there[key] for key in wanted if key in there})
    if patch:
        patch["metadata"] = {"resourceVersion": there["metadata"]["resourceVersion"]}
        context.connect(spot.cluster).patch_object(record.ref, patch)
    note_written(context, record, manifest)


def read(context: Context, spot: Spot, on_record: Iterable[Record]) -> dict[ObjectRef, Object]:
    """What of the record is in the cluster now; an object of the same name that is not ours is left out."""
    cluster = context.connect(spot.cluster)
    found = ((record, _there(cluster, record.ref)) for record in on_record)
    return {record.ref: obj for record, obj in found if obj is not None and record.is_ours(obj)}


def _there(cluster: Cluster, ref: ObjectRef) -> Object | None:
    try:
        return cluster.object(ref)
    except Gone:
        return None


def remove(context: Context, spot: Spot, on_record: Iterable[Record], keep: Keep) -> list[str]:
    """Have every object of the record deleted, in this order, under its uid; gives what is still there, in sentences.

    What is read to be gone, or was never ours, is off the record afterwards.
    """
    cluster, waiting = context.connect(spot.cluster), []
    for record in on_record:
        there = _there(cluster, record.ref)
        if there is not None and record.is_ours(there) and not there["metadata"].get("deletionTimestamp"):
            keep()
            there = deleted(cluster, record.ref, there)
        if there is not None and record.is_ours(there):
            waiting.append(f"{record.ref} is still being deleted{_finalizers(there)}.")
        else:
            note_gone(context, [record])
    return waiting


def deleted(cluster: Cluster, ref: ObjectRef, obj: Object) -> Object | None:
    """Have this very object deleted; gives what is there of that name afterwards."""
    try:
        cluster.delete_object(ref, uid=obj["metadata"]["uid"])
    except Gone:
        return None
    return _there(cluster, ref)


def _finalizers(obj: dict[str, Any]) -> str:
    found = obj["metadata"].get("finalizers") or []
    return f" (it waits for {', '.join(found)})" if found else ""
