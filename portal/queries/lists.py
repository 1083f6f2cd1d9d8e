"""Selects of long lists of tickets: how many there are, at most, and their rows for a file."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, load_only, selectinload

from portal.access.actor import Actor
from portal.models import Decision, Ticket, TicketTarget
from portal.queries.tickets import WHOLE, TicketFilter, narrowed

FOR_FILES = (
    joinedload(Ticket.tenant),
    joinedload(Ticket.requester),
    selectinload(Ticket.decisions).joinedload(Decision.person),
    selectinload(Ticket.targets).joinedload(TicketTarget.target),
)
FOR_VOTES = (
    load_only(
        Ticket.id,
        Ticket.tenant_id,
        Ticket.requester_id,
        Ticket.asked_by_id,
        Ticket.approvals,
        Ticket.question_id,
        Ticket.state,
    ),
    joinedload(Ticket.requester),
    joinedload(Ticket.asked_by),
    selectinload(Ticket.decisions).options(joinedload(Decision.person), joinedload(Decision.stood_in_for)),
)


def to_vote_on(
    session: Session, wanted: TicketFilter, *, by: Actor, before: int | None, limit: int
) -> Sequence[Ticket]:
    """The next `limit` tickets below `before`, newest first, with no more of them than says whose word counts."""
    query = select(Ticket).options(*FOR_VOTES).order_by(Ticket.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Ticket.id < before)
    return session.scalars(narrowed(session, query, wanted, by=by)).all()


def whole(session: Session, numbers: Collection[int]) -> Sequence[Ticket]:
    """Tickets by their numbers, newest first."""
    return session.scalars(
        select(Ticket).where(Ticket.id.in_(numbers)).options(*WHOLE).order_by(Ticket.id.desc())
    ).all()


def count(session: Session, wanted: TicketFilter, *, by: Actor, most: int) -> int:
    """How many tickets the filter finds; `most` + 1 where there are more than `most`."""
    found = narrowed(session, select(Ticket.id), wanted, by=by).limit(most + 1)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def rows(session: Session, wanted: TicketFilter, *, by: Actor, before: int | None, limit: int) -> Sequence[Ticket]:
    """The next `limit` tickets with numbers below `before`, newest first, with what a line of a file says of them."""
    query = select(Ticket).options(*FOR_FILES).order_by(Ticket.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Ticket.id < before)
    return session.scalars(narrowed(session, query, wanted, by=by)).all()
