"""Catching up: what could not be done while a cluster was away is called for at once when it answers again.

Called by the inventory's task, which is the first to know.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import SQLColumnExpression, case, or_, select
from sqlalchemy.orm import Session

from portal.models import Ticket
from portal.states import MOVING, State
from portal.tickets.carrying_out import call_worker

# Whatever is to be gone from the cluster comes before whatever is to come into it.
_UNDO_FIRST = case((Ticket.state == State.REVERTING, 0), else_=1)
# Since when it is owed: a window that nobody ended in time was over before it was ended.
_OWED_SINCE = case(
    (Ticket.state != State.REVERTING, Ticket.created_at),
    (Ticket.expires_at < Ticket.ended_at, Ticket.expires_at),
    else_=Ticket.ended_at,
)
OLDEST_DEBT: tuple[SQLColumnExpression[Any], ...] = (_UNDO_FIRST, _OWED_SINCE, Ticket.id)


def catch_up(session: Session, cluster: str, *, now: datetime) -> None:
    """Call for each ticket of the cluster that waits for its next attempt, oldest debt first; bumps no version."""
    hindered = select(Ticket).where(
        Ticket.cluster == cluster,
        Ticket.state.in_(MOVING),
        Ticket.problem.is_not(None),
        Ticket.next_attempt_at > now,
        or_(Ticket.claim_until.is_(None), Ticket.claim_until <= now),
    )
    for ticket in session.scalars(hindered.order_by(*OLDEST_DEBT)):
        ticket.next_attempt_at = None
        call_worker(session, ticket, now=now)
