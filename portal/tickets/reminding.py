"""Reminders before a window ends, as the rule that routed it says: each once, kept in the ticket's story.

Who is told, and how, is not decided here.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.access.actor import CLOCK
from portal.durations import words
from portal.models import Ticket
from portal.policy_store import route_of
from portal.tickets.moving import take_for_change, testify


def next_reminder(session: Session, ticket: Ticket, *, after: datetime) -> datetime | None:
    """When the ticket's window is next to be reminded of; None where it has no end or no reminder is left.

    A reminder as long as the window itself would come with its beginning: there is none then.
    """
    if ticket.expires_at is None or ticket.duration is None:
        return None
    route = route_of(session, ticket)
    times = [ticket.expires_at - before for before in (route.reminders if route else ()) if before < ticket.duration]
    return min((at for at in times if at > after), default=None)


def remind(session: Session, ticket_id: int, now: datetime) -> None:
    """Keep in the story of a ticket whose reminder is due that its end is near; one word for several missed ones."""
    ticket = take_for_change(session, ticket_id, by=CLOCK)
    if ticket.remind_at is None or ticket.remind_at > now or ticket.expires_at is None:
        return
    ticket.remind_at = next_reminder(session, ticket, after=now)
    left = ticket.expires_at - now
    said = f"It ends in {words(left)}: release it, or renew it in time with renews={ticket.ref}."
    payload = {"expires_at": ticket.expires_at.isoformat(), "left_seconds": int(left.total_seconds())}
    testify(session, ticket, "window:ending-soon", by=CLOCK, now=now, say=said, **payload)
