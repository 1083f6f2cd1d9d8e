"""Selects of long lists of tickets: how many there are, at most, and their rows for a file."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

from sqlalchemy import Text, cast, exists, func, select
from sqlalchemy.orm import Session, joinedload, load_only, selectinload

from portal.access.actor import Actor
from portal.models import Decision, Ticket, TicketTarget
from portal.queries.tickets import TicketFilter, narrowed

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


@dataclass(frozen=True)
class Alike:
    """A ticket by its number, and what it has in common with others on which the same people have a word."""

    number: int
    key: Hashable


def waiting(session: Session, wanted: TicketFilter, *, by: Actor, before: int | None, limit: int) -> list[Alike]:
    """The next `limit` tickets below `before`, newest first: thousands may wait, and most are like some others."""
    decided = exists().where(Decision.ticket_id == Ticket.id)
    asked = cast(Ticket.approvals, Text)
    same = (Ticket.tenant_id, Ticket.requester_id, Ticket.asked_by_id, Ticket.question_id.is_(None), asked, decided)
    query = select(Ticket.id, *same).order_by(Ticket.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Ticket.id < before)
    rows = session.execute(narrowed(session, query, wanted, by=by)).all()
    return [Alike(row[0], row[0] if row[-1] else tuple(row[1:])) for row in rows]


def to_vote_on(session: Session, numbers: Collection[int]) -> Sequence[Ticket]:
    """Tickets by their numbers, with no more of them than says whose word counts."""
    return session.scalars(select(Ticket).where(Ticket.id.in_(numbers)).options(*FOR_VOTES)).all()


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
