"""What the API and the pages show of posture, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.api.clusters import clusters_seen
from portal.api.sights import age_seconds
from portal.mesh.holes import words
from portal.models import PostureCluster
from portal.queries import encryption, posture
from portal.queries.posture import Finding, Line, Wanted

_SAME = ("cluster", "namespace", "kind", "name", "code", "made_by", "made_at", "first_seen_at", "seen_at")
_OWN = ("cluster", "namespace", "kind", "name", "standing", "pods", "meshed_pods", "facts", "seen_at")


def summary(session: Session, scope: encryption.Scope, now: datetime, *, by: Actor) -> dict[str, Any]:
    """What PostureSchema shows."""
    places = posture.tallies(session, scope, by=by)
    whole = encryption.together(places)
    return {
        "clusters": readings(session, scope, now),
        "tallies": places,
        "encrypted": whole.encrypted,
        "partly": whole.partly,
        "unmeshed": whole.unmeshed,
        "holes": posture.counts_by_code(session, Wanted(scope), by=by),
        "leftovers": posture.counts_by_code(session, Wanted(scope, leftovers=True), by=by),
        "unexplained": posture.unexplained_count(session, scope, by=by),
    }


def readings(session: Session, scope: encryption.Scope, now: datetime) -> list[dict[str, Any]]:
    """When the posture of each cluster that the actor sees was last read, also of those that never were."""
    names = [one.name for one in clusters_seen(session) if scope.cluster in (None, one.name)]
    found = posture.read_clusters(session, names)
    return [_reading(name, found.get(name), now) for name in names]


def _reading(name: str, row: PostureCluster | None, now: datetime) -> dict[str, Any]:
    seen_at = None if row is None else row.seen_at
    return {
        "cluster": name,
        "seen_at": seen_at,
        "tried_at": None if row is None else row.tried_at,
        "age_seconds": age_seconds(seen_at, now),
        "problem": None if row is None else row.problem,
    }


def finding_view(found: Finding) -> dict[str, Any]:
    """What FindingSchema shows."""
    row = found.row
    fact, meaning = words(row.code, row.detail)
    return {
        **{name: getattr(row, name) for name in _SAME},
        "number": row.id,
        "tenant": found.tenant,
        "fact": fact,
        "meaning": meaning,
        "detail": row.detail,
        "unexplained_since": row.unexplained_since,
        "tickets": list(found.refs),
        "ticket": None if found.made is None else found.made.ref,
        "ticket_state": None if found.made is None else found.made.state.value,
    }


def line_view(line: Line) -> dict[str, Any]:
    """What PostureWorkloadSchema shows."""
    own = {name: getattr(line.row, name) for name in _OWN}
    return {**own, "tenant": line.tenant, "holes": finding_views(line.holes)}


def finding_views(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """The same of several."""
    return [finding_view(one) for one in found]
