"""Posture: what the mesh of a cluster really looks like, read from its pods and held against the live tickets.

The sweep calls the task; it only looks, so it waits in the queue of what may take minutes. Each namespace is read,
written and let go by itself.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy.orm import Session

from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import ClusterError
from portal.mesh.hole_findings import ByNamespace, Found, found_of, with_expected
from portal.mesh.holes_of_workload import Seen, seen_of
from portal.mesh.want import Want
from portal.mesh.weaknesses import Yardstick, of_namespace
from portal.queries.grants import grants
from workers.cluster.protocol import Cluster, Object
from workers.context import Context
from workers.posture_claim import Claim, Lost
from workers.posture_counts import write_counts
from workers.posture_reading import Key, Reading
from workers.posture_rows import Place, known_identity, write_gone, write_holes, write_workloads
from workers.posture_yardstick import yardstick

log = logging.getLogger(__name__)

Granted = dict[Key, dict[int, Want]]
NOT_READ = frozenset({"kube-system", "kube-node-lease", "kube-public", "cert-manager"})
_VIZ = ("linkerd.io/extension", "viz")


def read_posture(context: Context, name: str) -> None:
    """Read one cluster, unless somebody is at it; what cannot be read leaves the rest as it was, and says why."""
    claim = Claim.take(context.database, name)
    if claim is None:
        return
    began = time.monotonic()
    try:
        _read(context, claim, began)
    except ClusterError as error:
        log.warning("posture of %s: %s", name, error.sentence)
        _let_go(context, claim, error.sentence)
    except Lost:
        log.warning("posture of %s: another worker has taken it over", name)
    except BaseException:
        _let_go(context, claim, "Meshdesk could not work out what it read: your platform operators must look.")
        raise


def _let_go(context: Context, claim: Claim, problem: str) -> None:
    try:
        with context.database.unit_of_work() as session:
            claim.hold(session, problem=problem, reading_until=None)
    except Lost:
        return


def _read(context: Context, claim: Claim, began: float) -> None:
    cluster = context.connect(claim.cluster)
    yard = yardstick(context, claim.cluster, cluster)
    names = set()
    for namespace in cluster.namespaces():
        if _is_read(namespace, yard):
            names.add(namespace["metadata"]["name"])
            _read_namespace(context, claim, cluster, namespace, yard)
    facts = {"version": yard.defaults.version, "trust_root": yard.root, "viz": yard.viz_since is not None}
    with context.database.unit_of_work() as session:
        now = database_now(session)
        seconds = time.monotonic() - began
        claim.hold(session, seen_at=now, problem=None, reading_until=None, seconds=seconds, facts=facts)
        write_gone(session, claim.cluster, names, now=now)
        write_counts(session, claim.cluster, now=now)


def _is_read(namespace: Object, yard: Yardstick) -> bool:
    metadata = namespace["metadata"]
    is_viz = (metadata.get("labels") or {}).get(_VIZ[0]) == _VIZ[1]
    return metadata["name"] not in NOT_READ and metadata["name"] != yard.defaults.namespace and not is_viz


def _read_namespace(context: Context, claim: Claim, cluster: Cluster, namespace: Object, yard: Yardstick) -> None:
    name = namespace["metadata"]["name"]
    with context.database.reading() as session:
        identity, before = known_identity(session, claim.cluster, name), _granted(session, claim.cluster, name)
    reading = Reading(cluster, namespace, yard, claim.renew)
    reading.read()
    inherited = of_namespace(namespace, yard)
    seen = [
        (key, seen_of(sight, tally, inherited, identity=identity.get(key, "")))
        for key, sight, tally in reading.workloads()
    ]
    with context.database.unit_of_work() as session:
        place = Place(claim.cluster, name, database_now(session))
        claim.hold(session, tried_at=claim.taken_at)
        # What ended while it was read explains what was still seen, and what began meanwhile too.
        granted = _both(before, _granted(session, claim.cluster, name))
        write_workloads(session, place, seen)
        write_holes(session, place, [with_expected(one, yard.defaults) for one in _found(namespace, seen, granted)])


def _found(namespace: Object, seen: list[tuple[Key, Seen]], granted: Granted) -> list[Found]:
    found: list[Found] = []
    shared = ByNamespace()
    for (kind, name), one in seen:
        found += found_of(kind, name, one, granted.get((kind, name), {}))
        shared.add(kind, name, one, granted.get((kind, name), {}))
    return [*found, *shared.found(namespace)]


def _granted(session: Session, cluster: str, namespace: str) -> Granted:
    found = grants(session, [cluster], by=WORKER, namespace=namespace)
    return {
        (kind, name): {int(one.ref.removeprefix("MD-")): one.want for one in many}
        for (_, _, kind, name), many in found.items()
    }


def _both(before: Mapping[Key, Mapping[int, Want]], after: Granted) -> Granted:
    total: Granted = defaultdict(dict, after)
    for key, wants in before.items():
        total[key] = {**wants, **total[key]}
    return total
