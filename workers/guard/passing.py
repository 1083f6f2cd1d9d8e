"""Writing to a workload past the guard, which knows of a ticket a moment after its line was written. converge calls it.

Parameters are written first. The API server reads them some tenths of a second later: what it denies until then is
tried again. A guard that cannot be written stops nothing by itself: what only takes away passes it at all times.
"""

from __future__ import annotations

import logging
import time

from portal.errors import ClusterError, Refused, Transient
from portal.mesh.guard.names import is_guards
from portal.queries import guard as queries
from workers.cluster.protocol import Object
from workers.context import Context, Spot
from workers.guard.parameters import keep
from workers.guard.task import note

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 5.0
PAUSE_SECONDS = 0.1


def patch_workload(context: Context, spot: Spot, patch: Object) -> None:
    """Send the patch once the guard lets it pass; raises what the cluster raises, Transient while the guard denies."""
    with context.database.reading() as session:
        guarded = queries.guarded(session, spot.cluster)
    if guarded:
        _keep(context, spot.cluster)
    give_up = time.monotonic() + PATIENCE_SECONDS
    while denial := _denied(context, spot, patch):
        if not guarded:
            # It is off in the registry, and still in the cluster.
            _keep(context, spot.cluster)
            guarded = True
        if time.monotonic() > give_up:
            raise Transient(
                f"The guard of cluster {spot.cluster} does not let {spot.ref} pass yet; this is tried again by itself, "
                f"and if it lasts your platform operators must look (`meshdesk guard status {spot.cluster}`). {denial}"
            )
        time.sleep(PAUSE_SECONDS)


def _denied(context: Context, spot: Spot, patch: Object) -> str | None:
    try:
        context.connect(spot.cluster).patch_workload(spot.ref, patch)
    except Refused as error:
        if is_guards(error.sentence):
            return error.sentence
        raise
    return None


def _keep(context: Context, cluster: str) -> None:
    try:
        keep(context, cluster)
    except ClusterError as error:
        log.warning("the guard of %s: %s", cluster, error.sentence)
        note(context, cluster, error.sentence)
