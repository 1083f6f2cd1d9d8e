"""What every verb begins and ends with: take the ticket for a change, move it, and testify. Called by verbs only."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal import audit, queries
from portal.access import rights
from portal.access.actor import WORKER, Actor
from portal.access.rights import Action
from portal.errors import LostRace, NotFound, Stale, WrongState
from portal.models import Evidence, Ticket
from portal.notify import noting
from portal.states import State, may_move
from portal.tickets import searching

REFERENCE = re.compile(r"MD-([1-9][0-9]{0,17})", re.IGNORECASE | re.ASCII)


def number_of(ref: str) -> int:
    """The number in `MD-142`; raises NotFound for whatever is no reference."""
    found = REFERENCE.fullmatch(ref)
    if found is None:
        raise NotFound(f"There is no ticket {ref[:30]}.")
    return int(found[1])


def take_for_change(session: Session, ticket_id: int, *, by: Actor, version: int | None = None) -> Ticket:
    """The ticket, its version bumped by compare-and-set, so that all verbs on it are serial on every database.

    `version` is the one that the caller saw. Raises NotFound (also for another tenant's), Stale, LostRace.
    """
    # The lock makes verbs on PostgreSQL wait for each other; on SQLite the unit of work has the only write lock.
    locked = select(Ticket.version).where(Ticket.id == ticket_id).with_for_update()
    present = session.scalar(locked)
    ticket = None if present is None else _load(session, ticket_id)
    if ticket is None or not queries.seen_by(by, ticket):
        raise NotFound(f"There is no ticket MD-{ticket_id}.")
    if version is not None and version != present:
        raise Stale(f"{ticket.ref} changed since you read it: look at it again and decide on what it says now.")
    _bump(session, ticket)
    return ticket


def _load(session: Session, ticket_id: int) -> Ticket | None:
    query = select(Ticket).where(Ticket.id == ticket_id).options(*queries.WHOLE)
    return session.scalar(query.execution_options(populate_existing=True))


def _bump(session: Session, ticket: Ticket) -> None:
    seen = ticket.version
    bumped = session.execute(
        update(Ticket).where(Ticket.id == ticket.id, Ticket.version == seen).values(version=seen + 1)
    )
    if bumped.rowcount != 1:  # type: ignore[attr-defined]
        raise LostRace(f"Somebody else changed {ticket.ref} at the same moment: read it again.")


def may(by: Actor, action: Action, ticket: Ticket) -> None:
    """Raise Forbidden unless the table of rights lets the actor do this to the ticket."""
    rights.check_thing(by, action, rights.Thing(ticket.ref, ticket.tenant_id, ticket.requester_id, ticket.hats))


def testify(session: Session, ticket: Ticket, type_: str, *, by: Actor, now: datetime, **payload: Any) -> None:
    """Append an event to the ticket's chain, note whom it is to be told, and by which words the ticket is found.

    The ticket must be taken for a change.
    """
    event = audit.record(session, ticket.ref, audit.Deed(type_, by.name, payload), now=now)
    noting.note(session, ticket, event, by=by)
    if type_ in searching.TELLING:
        searching.note_words(session, ticket, by=by)


def attach(session: Session, ticket: Ticket, kind: str, data: dict[str, Any], *, now: datetime) -> None:
    """Keep what a worker saw, its digest in the ticket's chain, so that a later change of it shows."""
    session.add(Evidence(ticket_id=ticket.id, kind=kind, seen_at=now, data=data))
    testify(session, ticket, f"evidence:{kind}", by=WORKER, now=now, **audit.evidence_payload(data))


def move(session: Session, ticket: Ticket, to: State, *, by: Actor, now: datetime, **payload: Any) -> None:
    """Set the state and testify, or raise WrongState: the one place that sets a state."""
    before = ticket.state
    if not may_move(before, to, written=ticket.writing_from is not None):
        raise WrongState(f"{ticket.ref} is {before}; it cannot become {to} from there.")
    ticket.state = to
    ticket.updated_at = now
    testify(session, ticket, f"ticket:{to}", by=by, now=now, **{"from": before, "to": to, **payload})
