"""The policies and bindings of a cluster's guard, held to what the registry says. Called by the guard's task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from portal.errors import AlreadyExists, Conflict, Gone
from portal.mesh.guard.render import Guard, all_refs, held
from portal.mesh.objects import MANAGED, ObjectRef
from workers.cluster.protocol import Cluster, Object


@dataclass
class Done:
    """What one look found and did: sentences of what is not as it should be, objects written, and those mended."""

    amiss: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)


def hold(cluster: Cluster, guard: Guard, *, write: bool) -> Done:
    """Compare each object with what it is to be; with `write`, make it that. Raises what the cluster raises."""
    done, wanted = Done(), {ObjectRef.of(obj): obj for obj in held(guard)}
    for ref in all_refs():
        if ref not in wanted:
            _take_away(cluster, ref, done, write=write)
    for ref, obj in wanted.items():
        _make(cluster, ref, obj, done, write=write)
    return done


def _take_away(cluster: Cluster, ref: ObjectRef, done: Done, *, write: bool) -> None:
    try:
        found = cluster.object(ref)
        if not write:
            done.amiss.append(f"{ref} is there and the registry has no namespace for it.")
            return
        cluster.delete_object(ref, uid=found["metadata"]["uid"])
        done.written.append(str(ref))
    except Gone:
        return


def _make(cluster: Cluster, ref: ObjectRef, obj: Object, done: Done, *, write: bool) -> None:
    try:
        found = cluster.object(ref)
    except Gone:
        if not write:
            done.amiss.append(f"{ref} is missing.")
            return
        _create(cluster, obj)
        done.written.append(str(ref))
        return
    differs = list(_differences(obj["spec"], found.get("spec") or {}, "spec"))
    if not differs and MANAGED in (found["metadata"].get("labels") or {}):
        return
    if not write:
        done.amiss.append(f"{ref} differs from what it should be: {', '.join(differs[:3]) or 'its label'}.")
        return
    _mend(cluster, ref, obj)
    done.mended.append(str(ref))


def _create(cluster: Cluster, obj: Object) -> None:
    try:
        cluster.create_object(obj)
    except AlreadyExists:
        # Another worker was quicker; the next look compares.
        return


def _mend(cluster: Cluster, ref: ObjectRef, obj: Object) -> None:
    patch = {"metadata": {"labels": obj["metadata"]["labels"]}, "spec": obj["spec"]}
    try:
        cluster.patch_object(ref, patch)
    except Conflict:
        # The next look compares anew.
        return


def _differences(wanted: Any, found: Any, path: str) -> Iterator[str]:
    """The paths that are not as wanted; what an API server adds by itself is no difference."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            yield from _differences(value, found.get(key), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for position, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _differences(one, other, f"{path}[{position}]")
    elif wanted != found and not (wanted == {} and found is None):
        yield path
