"""Undos that are late: a window that ended, whose change is hindered from being taken back for longer than promised.

A hindrance is told once for each ticket and problem: workers try again for ever, and meet the same one each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit
from portal.models import Notice, Ticket
from portal.notify.audience import Occasion
from portal.notify.sorts import Sort
from portal.queries.metrics import PROMISED
from portal.states import State


def is_late(occasion: Occasion) -> bool:
    """True when the ticket's undo should be over by now and something hinders it."""
    ticket = occasion.ticket
    since = ticket.ended_at
    return ticket.state is State.REVERTING and since is not None and occasion.event.happened_at - since >= PROMISED


def problem_key(occasion: Occasion) -> str:
    """What makes a late undo the same as one that was told."""
    return key_of(occasion.ticket.ref, str(occasion.payload.get("why")))


def key_of(ref: str, problem: str) -> str:
    """The key of the notice of one problem of one ticket."""
    return f"{ref}:{Sort.FAILED_TO_UNDO}:{audit.sha256(problem.encode())[:32]}"


def untold(session: Session, *, now: datetime, limit: int) -> Sequence[int]:
    """The numbers of tickets whose undo is late by a problem that nobody was told of."""
    late = select(Ticket).where(
        Ticket.state == State.REVERTING, Ticket.problem.is_not(None), Ticket.ended_at <= now - PROMISED
    )
    found = {
        key_of(ticket.ref, ticket.problem or ""): ticket.id
        for ticket in session.scalars(late.order_by(Ticket.ended_at).limit(limit))
    }
    told = set(session.scalars(select(Notice.key).where(Notice.key.in_(found))))
    return [number for key, number in found.items() if key not in told]
