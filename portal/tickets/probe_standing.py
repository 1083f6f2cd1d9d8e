"""Whether a probe of what a ticket claims is still to come: what settles by itself waits for it, and pages say so."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal import queries
from portal.kinds.base import WorkloadKind
from portal.kinds.registry import kind_named
from portal.mesh.probing.results import is_claimed
from portal.models import Evidence, Ticket
from portal.states import State


def is_running(ticket: Ticket, preflight: Evidence | None, probe: Evidence | None) -> bool:
    """True while a pending ticket's newest preflight has no probe after it; both are the newest of their kind."""
    wanted = ticket.state is State.PENDING and bool(ticket.preflight_clean) and is_claimed(ticket.fields)
    if preflight is None or not wanted or not isinstance(kind_named(ticket.kind), WorkloadKind):
        return False
    return probe is None or probe.id < preflight.id


def awaits_probe(session: Session, ticket: Ticket) -> bool:
    """The same, of a loaded ticket, by what the database has."""
    found = (queries.latest_evidence(session, ticket.id, kind) for kind in ("preflight", "probe"))
    return is_running(ticket, *found)
