"""What the clock does to tickets whose time for something has come; the sweep calls it, each ticket on its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, SQLColumnExpression, and_
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import CLOCK
from portal.models import Ticket
from portal.states import Outcome, State
from portal.tickets import awaiting, breaking_glass, ending, recertifying
from portal.tickets.ending import Ending
from portal.tickets.reminding import remind


class Verb(Protocol):
    """A verb of the clock's own."""

    __name__: str

    def __call__(self, session: Session, ticket_id: int, now: datetime, /) -> object:
        """Do it to one ticket, unless somebody else did meanwhile."""


@dataclass(frozen=True)
class Hand:
    """One thing that is done to tickets once `at` has come, the oldest first, where `to` holds."""

    at: SQLColumnExpression[datetime | None]
    to: ColumnElement[bool]
    verb: Verb


def expire(session: Session, ticket_id: int, now: datetime) -> None:
    """End a window whose time is up."""
    ending.end(session, ticket_id, Ending(Outcome.EXPIRED, "The window ended."), by=CLOCK, now=now)


_PENDING = Ticket.state == State.PENDING
_ACTIVE = Ticket.state == State.ACTIVE
_UNREVIEWED = and_(Ticket.break_glass, Ticket.reviewed_at.is_(None))

# What ends comes first: nothing else may keep a window open past its time.
HANDS = (
    Hand(Ticket.expires_at, queries.LIVE, expire),
    Hand(Ticket.recertify_at, _ACTIVE, recertifying.miss),
    Hand(Ticket.lapses_at, Ticket.state.in_(awaiting.LAPSES), awaiting.lapse),
    Hand(Ticket.remind_at, queries.LIVE, remind),
    Hand(Ticket.call_deciders_at, _PENDING, awaiting.call_deciders),
    Hand(Ticket.recertify_warn_at, _ACTIVE, recertifying.ask),
    Hand(Ticket.review_due_at, _UNREVIEWED, breaking_glass.call_reviewers),
)
