"""Pages of tickets; for `waiting_for=me` only those where the person's own approval still counts."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.models import Ticket
from portal.tickets.approvals import counts_for

Page = tuple[list[Ticket], bool]


def page(session: Session, wanted: queries.TicketFilter, *, by: Actor, before: int | None, limit: int) -> Page:
    """At most `limit` tickets with numbers below `before`, newest first, and whether there are more."""
    found: list[Ticket] = []
    while len(found) <= limit:
        rows = queries.tickets(session, wanted, by=by, before=before, limit=limit)
        found += [row for row in rows if not wanted.waiting_for_me or counts_from(row, by)]
        if len(rows) <= limit:
            break
        before = rows[-1].id
    return found[:limit], len(found) > limit


def counts_from(ticket: Ticket, by: Actor) -> bool:
    """True when this person's approval would bring the ticket nearer to approved."""
    return counts_for(ticket, by.hats_in(ticket.tenant_id))
