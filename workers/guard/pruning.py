"""`meshdesk guard prune`: takes ended tickets' lines out of the parameters, when all of Meshdesk outside is dead.

CEL has no clock: what a line allows is allowed until it goes. A CronJob inside the cluster runs this each minute; it
knows no database, each line says until when it is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from portal.errors import Conflict, Gone
from portal.mesh.guard.lines import pruned, read
from workers.cluster.protocol import Cluster
from workers.guard.parameters import ATTEMPTS, REF


def prune(cluster: Cluster, *, grace: timedelta, say: Callable[[str], None]) -> bool:
    """Take out what ended longer than `grace` ago and say what; False where somebody else kept writing."""
    for _ in range(ATTEMPTS):
        try:
            found = cluster.object(REF)
        except Gone:
            say(f"There is no {REF}: nothing to take out.")
            return True
        data, now = found.get("data") or {}, datetime.now(UTC) - grace
        patch = pruned(data, now)
        if not patch:
            say("Nothing that is over is let pass.")
            return True
        version = found["metadata"]["resourceVersion"]
        try:
            cluster.patch_object(REF, {"metadata": {"resourceVersion": version}, "data": patch})
        except Conflict:
            continue
        for line in read(data):
            if line.over(now):
                say(f"{line.ticket} on {line.workload} in {line.namespace} is over: it is let pass no more.")
        return True
    say(f"{REF} keeps being changed by somebody else.")
    return False
