"""How the practice cluster changes an object: RFC 7386 merge patch, managed fields, generation. practice.py asks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from workers.cluster import refusals
from workers.cluster.practice_store import Object

Path = tuple[str, ...]

_IMMUTABLE = {
    "Deployment": ("selector",),
    "DaemonSet": ("selector",),
    "ReplicaSet": ("selector",),
    "StatefulSet": ("selector", "serviceName"),
    "Job": ("selector", "template"),
}
_NOBODYS = ("apiVersion", "kind", "metadata", "status")
_SERVER_OWNED = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "deletionTimestamp")


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386: None deletes, objects merge, anything else replaces; neither argument is changed."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def patched(current: Object, patch: Object, *, manager: str, time: str) -> Object:
    """The object as an API server would leave it; equal to `current` when the patch changes nothing.

    Raises Conflict for a stale resourceVersion or another uid, Refused for what an API server calls invalid.
    """
    _check_preconditions(current, patch.get("metadata", {}))
    merged = _without_empty_maps(merge(current, patch))
    for field in ("apiVersion", "kind", "status"):
        _restore(merged, current, field)
    for field in _SERVER_OWNED:
        _restore(merged["metadata"], current["metadata"], field)
    check(merged)
    _check_immutable(current, merged)
    if merged == current:
        return current
    if "generation" in current["metadata"] and _is_new_generation(current, merged):
        merged["metadata"]["generation"] = current["metadata"]["generation"] + 1
    merged["metadata"]["managedFields"] = _fields_after(current, merged, manager, time)
    return merged


def first_fields(obj: Object, *, manager: str, time: str) -> list[Object]:
    """managedFields of an object that `manager` has just created."""
    return _fields_after({"apiVersion": obj["apiVersion"], "metadata": {}}, obj, manager, time)


def check(obj: Object) -> None:
    """Raise Refused when annotations or labels are not text, as an API server does."""
    for place in _metadatas(obj):
        for field in ("annotations", "labels"):
            for key, value in (place.get(field) or {}).items():
                if not isinstance(value, str):
                    raise refusals.invalid(f"{field} {key} must be a string, not {value!r}")


def _is_new_generation(before: Object, after: Object) -> bool:
    # Deployments alone count a change of their own annotations as a new generation, though no pod rolls for it.
    annotations = [obj["metadata"].get("annotations") for obj in (before, after)]
    annotated = after["kind"] == "Deployment" and annotations[0] != annotations[1]
    return annotated or bool(before.get("spec") != after.get("spec"))


def _check_preconditions(current: Object, asked: Object) -> None:
    metadata = current["metadata"]
    if not isinstance(asked, dict):
        raise refusals.invalid("metadata must be an object")
    what = f"{current['kind'].lower()}/{metadata['name']}"
    if asked.get("name", metadata["name"]) != metadata["name"]:
        raise refusals.invalid(f"the patch names another object than {what}")
    for field in ("uid", "resourceVersion"):
        if field in asked and asked[field] != metadata[field]:
            raise refusals.conflict(refusals.place(what, metadata.get("namespace")))


def _check_immutable(current: Object, merged: Object) -> None:
    for field in _IMMUTABLE.get(current["kind"], ()):
        if _fixed(current, current, field) != _fixed(current, merged, field):
            name = f"{current['kind'].lower()}/{current['metadata']['name']}"
            raise refusals.invalid(f"spec.{field} of {name} is immutable")


def _fixed(current: Object, obj: Object, field: str) -> Any:
    """What of the field cannot change: of the pod template of a Job that never started, not labels and annotations."""
    value = obj.get("spec", {}).get(field)
    free = current["spec"].get("suspend") is True and not current.get("status", {}).get("startTime")
    if current["kind"] != "Job" or field != "template" or not free:
        return value
    metadata = {key: one for key, one in (value.get("metadata") or {}).items() if key not in ("labels", "annotations")}
    return {**value, "metadata": metadata}


def _restore(metadata: Object, current: Object, field: str) -> None:
    if field in current:
        metadata[field] = current[field]
    else:
        metadata.pop(field, None)


def _metadatas(obj: Object) -> Iterator[Object]:
    """Every `metadata` in the object and its templates."""
    for key, value in obj.items():
        if key == "metadata" and isinstance(value, dict):
            yield value
        elif isinstance(value, dict):
            yield from _metadatas(value)


def _without_empty_maps(obj: Object) -> Object:
    """An API server leaves out annotations and labels that became empty."""
    for place in _metadatas(obj):
        for field in ("annotations", "labels"):
            if field in place and not place[field]:
                del place[field]
    return obj


def _leaves(value: Any, path: Path = ()) -> dict[Path, Any]:
    """Field path -> value; lists are leaves, server-owned fields, names and status are nobody's."""
    if not isinstance(value, dict) or not value:
        return {path: value}
    found: dict[Path, Any] = {}
    for key, child in value.items():
        found |= _leaves(child, (*path, key))
    return found


def _owned_leaves(obj: Object) -> dict[Path, Any]:
    parts = {key: value for key, value in obj.items() if key not in _NOBODYS}
    metadata = {key: obj["metadata"][key] for key in ("annotations", "labels") if obj["metadata"].get(key)}
    return _leaves({**parts, **({"metadata": metadata} if metadata else {})})


def _fields_after(before: Object, after: Object, manager: str, time: str) -> list[Object]:
    """Who owns which field now: the manager owns what it changed, everybody loses what is changed or gone."""
    old, new = _owned_leaves(before), _owned_leaves(after)
    changed = {path for path in new if path not in old or old[path] != new[path]}
    entries: list[Object] = []
    mine: set[Path] = set(changed)
    for entry in before["metadata"].get("managedFields", []):
        paths = _paths(entry["fieldsV1"])
        if entry["manager"] == manager:
            mine |= paths & new.keys()
        elif kept := (paths - changed) & new.keys():
            entries.append({**entry, "fieldsV1": _fields(kept)})
    if mine:
        entries.append(
            {
                "manager": manager,
                "operation": "Update",
                "apiVersion": after["apiVersion"],
                "time": time,
                "fieldsType": "FieldsV1",
                "fieldsV1": _fields(mine),
            }
        )
    return entries


def _fields(paths: set[Path]) -> Object:
    """FieldsV1: `{"f:spec": {"f:template": {…}}}`; a map that is owned has `.` in it."""
    root: Object = {}
    for path in sorted(paths):
        place = root
        for depth, step in enumerate(path):
            place = place.setdefault(f"f:{step}", {})
            if step == "annotations" and depth + 1 < len(path):
                place.setdefault(".", {})
    return root


def _paths(fields: Object, path: Path = ()) -> set[Path]:
    inner = {key[2:]: value for key, value in fields.items() if key.startswith("f:")}
    if not inner:
        return {path}
    return {found for key, value in inner.items() for found in _paths(value, (*path, key))}
