"""Following the registry: what applying one does to open tickets, in the same transaction.

Called by `meshdesk registry` and by practice runs.

A plan is the very same, rolled back: what is shown is what would be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal import queries, registry
from portal.access.actor import REGISTRY
from portal.errors import Stale
from portal.models import Cluster, ClusterGone
from portal.queries.crew import Crew, crew
from portal.registry.diff import Change
from portal.registry.impact import Becomes, Fate, Ground, ground, uprooted
from portal.registry.state import RegistryFile
from portal.tickets import guarding
from portal.tickets.handing_over import Cause, end, settle, settled
from portal.tickets.moving import take_for_change
from portal.tickets.unanswered import warnings


@dataclass(frozen=True)
class Applied:
    """What applying a registry did or would do: its changes, what becomes of which ticket, and what to mend."""

    changes: list[Change]
    fates: list[Fate]
    warnings: list[str]

    @property
    def touches(self) -> bool:
        """True when a ticket changes hands or ends, or a change meets one that is still being undone."""
        return any(self.changes or fate.becomes is not Becomes.GOES_ON for fate in self.fates)


def plan(session: Session, wanted: RegistryFile, *, by: str, now: datetime) -> Applied:
    """What `apply` would do now; raises what it raises, and leaves nothing."""
    trial = session.begin_nested()
    try:
        return apply(session, wanted, by=by, now=now)
    finally:
        trial.rollback()


def apply(
    session: Session, wanted: RegistryFile, *, by: str, now: datetime, expected: Applied | None = None
) -> Applied:
    """Bring the registry into force, and hand over, ask again, withdraw or undo what loses its place or its people.

    `expected` is the plan that somebody agreed to: raises Stale when it would be something else by now.
    """
    changes = registry.apply(session, wanted, by=by, now=now)
    # What was said of a cluster that is in the registry again is not said of it as it is now.
    named = select(Cluster.name).where(Cluster.active)
    session.execute(delete(ClusterGone).where(ClusterGone.cluster.in_(named)))
    place, people, cause = ground(session), crew(session), Cause(REGISTRY, now, applied_by=by)
    fates: list[Fate] = []
    for number in _concerned(session, place, people):
        ticket = take_for_change(session, number, by=REGISTRY)
        lost = uprooted(ticket, place)
        fates += settle(session, ticket, people, cause) if lost is None else [lost]
        if lost is not None:
            end(session, ticket, lost, cause)
    if changes:
        guarding.follow(session, now=now)
    done = Applied(changes, fates, list(warnings(session, place, people)))
    if expected is not None and (changes, fates) != (expected.changes, expected.fates):
        raise Stale("Tickets changed since this was shown, so nothing was applied: look at it again.")
    return done


def _concerned(session: Session, place: Ground, people: Crew) -> list[int]:
    """The tickets that cannot stay as they are, in order."""
    return [
        ticket.id
        for ticket in queries.open_tickets(session)
        if uprooted(ticket, place) is not None or not settled(ticket, people)
    ]
