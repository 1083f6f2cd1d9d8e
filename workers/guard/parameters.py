"""The one parameter object of a cluster's guard, in step with the live tickets.

Called before a ticket's write (passing.py), when a ticket ends and by the guard's task. As in converge, the object is
read first and the tickets after it, and the write is held to that version: of two workers the one that knows more wins.
"""

from __future__ import annotations

from portal.errors import AlreadyExists, Conflict, Gone, Refused, Transient
from portal.mesh.guard.lines import Line, data_of
from portal.mesh.guard.names import NAMESPACE, PARAMETERS
from portal.mesh.guard.render import parameters
from portal.mesh.objects import ObjectRef
from portal.queries import guard as queries
from workers.cluster.protocol import Cluster, Object
from workers.context import Context

REF = ObjectRef("v1", "ConfigMap", NAMESPACE, PARAMETERS)
ATTEMPTS = 8


def keep(context: Context, name: str) -> list[Line]:
    """Make the parameters say what live tickets allow, and give that; raises what the cluster raises."""
    cluster = context.connect(name)
    for _ in range(ATTEMPTS):
        found = _read(cluster)
        with context.database.reading() as session:
            lines = queries.lines(session, name)
        if _written(cluster, found, data_of(lines)):
            return lines
    raise Transient(f"{REF} keeps being changed by somebody else; this is tried again by itself.")


def _read(cluster: Cluster) -> Object | None:
    try:
        return cluster.object(REF)
    except Gone:
        return None


def _written(cluster: Cluster, found: Object | None, data: dict[str, str]) -> bool:
    """Whether it says that now; False where somebody else was quicker."""
    try:
        if found is None:
            cluster.create_object(parameters(data))
        elif (before := found.get("data") or {}) != data:
            gone: dict[str, str | None] = dict.fromkeys(before.keys() - data.keys())
            version = found["metadata"]["resourceVersion"]
            cluster.patch_object(REF, {"metadata": {"resourceVersion": version}, "data": {**gone, **data}})
    except (AlreadyExists, Conflict):
        return False
    except Gone as error:
        raise Refused(
            f"There is no namespace {NAMESPACE} on cluster {cluster.name}: apply deploy/worker-guard-rbac.yaml there."
        ) from error
    return True
