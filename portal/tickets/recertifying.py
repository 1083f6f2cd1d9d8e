"""Recertification: what stays open for long is put before its deciders again and again; silence ends it after warnings.

The rule's `recertify_every` says how often. `recertify_warn_at` is when they are asked or warned next, `recertify_at`
when silence ends the window.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.access.actor import CLOCK, Actor
from portal.access.rights import Action
from portal.errors import WrongState
from portal.models import Ticket
from portal.policy_store import route_of
from portal.queries.tickets import RECERTIFY_WITHIN
from portal.states import Outcome, State
from portal.tickets import ending
from portal.tickets.ending import Ending
from portal.tickets.moving import may, take_for_change, testify
from portal.tickets.standing import not_own

WARN_BEFORE = (timedelta(days=7), timedelta(days=1))


def set_out(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Say when the open window is next put before its deciders; never where its end comes before."""
    route = route_of(session, ticket)
    ticket.recertify_at = ticket.recertify_warn_at = None
    if route is None or route.recertify_every is None:
        return
    ask_at = now + route.recertify_every
    if ticket.expires_at is None or ticket.expires_at > ask_at:
        ticket.recertify_warn_at, ticket.recertify_at = ask_at, ask_at + RECERTIFY_WITHIN


def is_asked(ticket: Ticket, now: datetime) -> bool:
    """True while the deciders are asked whether the window may stay open."""
    return ticket.recertify_at is not None and ticket.recertify_at - RECERTIFY_WITHIN <= now


def ask(session: Session, ticket_id: int, now: datetime) -> None:
    """Ask the deciders of a long window, or warn them that its end is near; called by the sweep."""
    ticket = take_for_change(session, ticket_id, by=CLOCK)
    due, end = ticket.recertify_warn_at, ticket.recertify_at
    if ticket.state is not State.ACTIVE or due is None or end is None or due > now:
        return
    ticket.recertify_warn_at = min((at for at in (end - before for before in WARN_BEFORE) if at > now), default=None)
    testify(session, ticket, "recertification:due", by=CLOCK, now=now, ends_at=end.isoformat())


def recertify(session: Session, ticket_id: int, *, note: str, by: Actor, now: datetime) -> Ticket:
    """Say that a long window may stay open; raises Forbidden (role, own ticket), WrongState (nobody is asked)."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.RECERTIFY, ticket)
    not_own(ticket, by, "recertifies")
    if ticket.state is not State.ACTIVE or not is_asked(ticket, now):
        raise WrongState(f"Nobody is asked to recertify {ticket.ref} now: revoke it where it should end.")
    set_out(session, ticket, now=now)
    testify(session, ticket, "recertification:given", by=by, now=now, note=note, again_at=_text(ticket))
    return ticket


def _text(ticket: Ticket) -> str | None:
    return None if ticket.recertify_warn_at is None else ticket.recertify_warn_at.isoformat()


def miss(session: Session, ticket_id: int, now: datetime) -> None:
    """End a long window that nobody recertified; called by the sweep."""
    ticket = take_for_change(session, ticket_id, by=CLOCK)
    if ticket.state is not State.ACTIVE or ticket.recertify_at is None or ticket.recertify_at > now:
        return
    testify(session, ticket, "recertification:missed", by=CLOCK, now=now)
    why = Ending(Outcome.EXPIRED, "Nobody said that it may stay open, although its deciders were asked and warned.")
    ending.begin_undo(session, ticket, why, by=CLOCK, now=now)
