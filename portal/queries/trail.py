"""Selects of the audit trail: the events that somebody may see, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, String, case, cast, func, literal, select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.models import Event, Ticket
from portal.queries.lists import count
from portal.queries.tickets import TicketFilter, narrowed

PREFIX = "MD-"
FEW = 2000


@dataclass(frozen=True)
class EventFilter:
    """Which events of those that the actor sees; what is empty does not restrict."""

    chain: str | None = None
    person: str | None = None
    types: tuple[str, ...] = ()
    since: datetime | None = None
    before: datetime | None = None
    tenant: str | None = None


def found(session: Session, wanted: EventFilter, *, by: Actor, below: int | None, limit: int) -> Sequence[Event]:
    """A page of events, newest first, with row numbers below `below`; one more than `limit` when there are more."""
    query = select(Event.id).where(*_conditions(wanted)).order_by(Event.id.desc()).limit(limit + 1)
    if below is not None:
        query = query.where(Event.id < below)
    if not by.sees_everything or wanted.tenant is not None:
        query = query.where(_of_tickets(session, TicketFilter(tenant=wanted.tenant), by))
    # Many may have to be sorted: their numbers are, and not their payloads.
    numbers = session.scalars(query).all()
    return session.scalars(select(Event).where(Event.id.in_(numbers)).order_by(Event.id.desc())).all()


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.chain is not None:
        found.append(Event.chain == wanted.chain)
    if wanted.person is not None:
        found.append(Event.actor == wanted.person)
    if wanted.types:
        found.append(Event.type.in_(wanted.types))
    if wanted.since is not None:
        found.append(Event.happened_at >= wanted.since)
    if wanted.before is not None:
        found.append(Event.happened_at < wanted.before)
    return found


def _of_tickets(session: Session, wanted: TicketFilter, by: Actor) -> ColumnElement[bool]:
    """The condition for events of tickets that the actor sees.

    Few tickets are looked up first and give their chains. Of many, each event is asked for its ticket in the order of
    the list instead: the page is full before many were asked.
    """
    if count(session, wanted, by=by, most=FEW) <= FEW:
        chain = literal(PREFIX) + cast(Ticket.id, String)
        return Event.chain.in_(narrowed(session, select(chain), wanted, by=by))
    digits = func.substr(Event.chain, len(PREFIX) + 1)
    number = case((Event.chain.startswith(PREFIX), cast(digits, BigInteger)))
    return narrowed(session, select(Ticket.id).where(Ticket.id == number), wanted, by=by).exists()
