"""What the pods of a cluster are held against: Linkerd's configuration, its trust roots, Viz. posture.py asks."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import func, select

from portal.errors import Gone, Refused
from portal.mesh.leftovers import instant
from portal.mesh.objects import ObjectRef
from portal.mesh.weaknesses import Yardstick
from portal.models import Ticket
from portal.queries.grants import OPEN
from workers.cluster.protocol import Cluster
from workers.context import Context
from workers.viz.inventory import namespaces, tap_api

TRUST_ROOTS = "linkerd-identity-trust-roots"


def yardstick(context: Context, name: str, cluster: Cluster) -> Yardstick:
    """Read it; raises what the cluster raises, and Refused where Linkerd is not there."""
    try:
        defaults = cluster.mesh()
    except Gone as error:
        raise Refused(
            f"Linkerd's configuration was not found on cluster {name}: your platform operators must look."
        ) from error
    root = _trust_root(cluster, defaults.namespace) or defaults.trust_root_sha256
    return Yardstick(defaults, cluster.injector_webhook() or {}, root, _viz_since(context, name, cluster))


def _trust_root(cluster: Cluster, namespace: str) -> str | None:
    try:
        found = cluster.object(ObjectRef("v1", "ConfigMap", namespace, TRUST_ROOTS))
    except (Gone, Refused):
        # Where the worker may not read it yet, Linkerd's configuration has the anchors that it was installed with.
        return None
    pem = (found.get("data") or {}).get("ca-bundle.crt")
    return hashlib.sha256(pem.encode()).hexdigest() if pem is not None else None


def _viz_since(context: Context, name: str, cluster: Cluster) -> datetime | None:
    """When the Viz that is there came; what a ticket is only about to install makes nothing a leftover either."""
    there = [instant(one["metadata"].get("creationTimestamp")) for one in (*namespaces(cluster), *tap_api(cluster))]
    if known := [at for at in there if at is not None]:
        return min(known)
    window = (Ticket.kind == "viz-enablement", Ticket.cluster == name, Ticket.state.in_(OPEN))
    with context.database.reading() as session:
        return session.scalar(select(func.min(Ticket.writing_from)).where(*window))
