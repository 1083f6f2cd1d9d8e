"""Selects of the API's long polls and lists: as little as they need, for they run often."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.access.actor import Actor
from portal.errors import NotFound
from portal.kinds.registry import kind_named
from portal.models import Evidence, Ticket, TicketTarget
from portal.queries.tickets import visible
from portal.states import State

Newest = tuple[int, str]


def check_seen(session: Session, ticket_id: int, *, by: Actor) -> None:
    """Raise NotFound unless the ticket exists for the actor; far less work than loading it."""
    _seen(session, ticket_id, by, Ticket.id)


def _seen(session: Session, ticket_id: int, by: Actor, *columns: InstrumentedAttribute[Any]) -> Row[Any]:
    query = select(*columns).where(Ticket.id == ticket_id)
    condition = visible(by)
    row = session.execute(query if condition is None else query.where(condition)).first()
    if row is None:
        raise NotFound(f"There is no ticket MD-{ticket_id}.")
    return row


def standing(session: Session, ticket_id: int) -> tuple[State, bool, bool]:
    """A ticket's state, whether a cluster may have been touched, and whether workers carry it out; raises NotFound."""
    row = session.execute(select(Ticket.state, Ticket.writing_from, Ticket.kind).where(Ticket.id == ticket_id)).first()
    if row is None:
        raise NotFound(f"There is no ticket MD-{ticket_id}.")
    return row[0], row[1] is not None, kind_named(row[2]).has_cluster_change


def newest_evidence(session: Session, ticket_ids: Sequence[int], kinds: Collection[str]) -> dict[Newest, Evidence]:
    """The newest evidence of each of these kinds, by the ticket's number and the kind."""
    newest = (
        select(func.max(Evidence.id))
        .where(Evidence.ticket_id.in_(ticket_ids), Evidence.kind.in_(kinds))
        .group_by(Evidence.ticket_id, Evidence.kind)
    )
    found = session.scalars(select(Evidence).where(Evidence.id.in_(newest)))
    return {(one.ticket_id, one.kind): one for one in found}


def pulse(session: Session, ticket_id: int, *, by: Actor) -> str:
    """What is another text whenever a ticket's page is another page: its version, evidence and targets, digested.

    Raises NotFound, also for another tenant's.
    """
    row = _seen(session, ticket_id, by, Ticket.version, Ticket.progress, Ticket.problem)
    evidence = session.scalar(select(func.max(Evidence.id)).where(Evidence.ticket_id == ticket_id))
    links = select(TicketTarget.written_at, TicketTarget.proven_at, TicketTarget.suspended)
    rows = session.execute(links.where(TicketTarget.ticket_id == ticket_id).order_by(TicketTarget.target_id)).all()
    return hashlib.sha256(repr((tuple(row), evidence, [tuple(one) for one in rows])).encode()).hexdigest()[:16]
