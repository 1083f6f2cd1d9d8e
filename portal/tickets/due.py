"""What waits for one person: a decision, an answer, a review, a recertification, or something to carry out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import Forbidden
from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.queries import inbox
from portal.queries.deciders import Deciders
from portal.states import State
from portal.tickets.awaited import awaited
from portal.tickets.moving import may
from portal.tickets.recertifying import is_asked
from portal.tickets.standing import is_awaited

BATCH = 100


class Due(StrEnum):
    """What somebody has to do about a ticket; the value is its word."""

    DECIDE = "decide"
    ANSWER = "answer"
    REVIEW = "review"
    RECERTIFY = "recertify"
    CARRY_OUT = "carry out"


@dataclass(frozen=True)
class Item:
    """One ticket that waits for the person, and for what."""

    ticket: Ticket
    due: Due


def waiting(
    session: Session, wanted: queries.TicketFilter, *, by: Actor, now: datetime, limit: int
) -> tuple[list[Item], bool]:
    """What waits for the actor, oldest first: at most `limit`, and whether there is more."""
    found: list[Item] = []
    ids = sorted({*awaited(session, wanted, by=by), *inbox.owed(session, by=by, now=now)})
    for start in range(0, len(ids), BATCH):
        rows = inbox.whole(session, ids[start : start + BATCH], wanted, by=by)
        found += _items(session, rows, by, now)
        if len(found) > limit:
            break
    return found[:limit], len(found) > limit


def due_of(session: Session, ticket: Ticket, *, by: Actor, now: datetime) -> Due | None:
    """For what one ticket waits of the actor; None: for nothing."""
    items = _items(session, [ticket], by, now)
    return items[0].due if items else None


def _items(session: Session, rows: Sequence[Ticket], by: Actor, now: datetime) -> list[Item]:
    hats = {hat for row in rows for hat in row.hats}
    deciders = queries.deciders(session, {row.tenant_id for row in rows}, hats) if rows else {}
    dues = ((row, _due(row, by, deciders[row.tenant_id], now)) for row in rows)
    return [Item(row, due) for row, due in dues if due is not None]


def _due(ticket: Ticket, by: Actor, deciders: Deciders, now: datetime) -> Due | None:
    if by.voice_id in ticket.own_of:
        asked = ticket.state is State.PENDING and ticket.question_id is not None
        return Due.ANSWER if asked else None
    # Where somebody broke the glass nobody's approval is waited for any more.
    if ticket.state is State.PENDING and not ticket.automatic:
        return Due.DECIDE if is_awaited(ticket, by, deciders) else None
    if owes_review(ticket, by):
        return Due.REVIEW
    if ticket.state is State.ACTIVE and is_asked(ticket, now):
        return Due.RECERTIFY if _may(by, Action.RECERTIFY, ticket) else None
    return Due.CARRY_OUT if _is_to_carry_out(ticket, by) else None


def _is_to_carry_out(ticket: Ticket, by: Actor) -> bool:
    by_people = ticket.state is State.APPROVED and not kind_named(ticket.kind).has_cluster_change
    return by_people and ticket.taken_by in (None, by.name) and _may(by, Action.FULFIL, ticket)


def owes_review(ticket: Ticket, by: Actor) -> bool:
    """True where the ticket's glass was broken, nobody has reviewed that, and the actor is of those who do."""
    if not ticket.break_glass or ticket.reviewed_at is not None or by.voice_id in ticket.own_of:
        return False
    return ticket.review_from in by.roles_in(ticket.tenant_id) | by.covered_roles_in(ticket.tenant_id)


def _may(by: Actor, action: Action, ticket: Ticket) -> bool:
    try:
        may(by, action, ticket)
    except Forbidden:
        return False
    return True
