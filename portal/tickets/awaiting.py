"""On whom a pending ticket waits, how long it waits at most, and the reminders to those who have to say a word.

Verbs call `word_said` whenever somebody brought a ticket on: its time to lapse begins anew. The sweep calls the rest.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import CLOCK, Actor
from portal.access.rights import Action
from portal.errors import WrongState
from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.policy import Route
from portal.policy_store import route_of
from portal.states import State
from portal.tickets.approvals import Need, Vote, needs
from portal.tickets.beginning import begins_at
from portal.tickets.moving import may, move, take_for_change, testify

NUDGE_EVERY = timedelta(days=1)
# Why it is over when its time has passed, by the state that it waited in.
LAPSES = {
    State.PENDING: "Nobody decided in time.",
    State.APPROVED: "It was approved and could not begin in time: an approval does not keep for ever.",
    State.FAILED: "It failed, and nobody had it tried again in time.",
}


def word_said(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Let the time until the ticket lapses, and until its deciders are reminded, begin now.

    What people carry out and have approved waits for an operator, however long.
    """
    ticket.call_deciders_at = ticket.lapses_at = None
    if ticket.state not in LAPSES or _waits_for_an_operator(ticket):
        return
    route = route_of(session, ticket)
    since = begins_at(ticket, now) if ticket.state is State.APPROVED else now
    ticket.lapses_at = since + (route.lapses_after if route else Route.lapses_after)
    ticket.call_deciders_at = _next_call(ticket, route, now)


def _waits_for_an_operator(ticket: Ticket) -> bool:
    return ticket.state is State.APPROVED and not kind_named(ticket.kind).has_cluster_change


def _next_call(ticket: Ticket, route: Route | None, after: datetime) -> datetime | None:
    if ticket.state is not State.PENDING or ticket.lapses_at is None:
        return None
    since = ticket.lapses_at - (route.lapses_after if route else Route.lapses_after)
    pauses = route.remind_deciders_after if route else Route.remind_deciders_after
    return min((at for at in (since + pause for pause in pauses) if after < at < ticket.lapses_at), default=None)


def awaited(session: Session, ticket: Ticket) -> list[Need]:
    """The approvals that a pending ticket still waits for, with who may give them; [] when it waits for no person."""
    if ticket.state is not State.PENDING or ticket.automatic:
        return []
    deciders = queries.deciders(session, {ticket.tenant_id})[ticket.tenant_id]
    return [need for need in needs(Vote.on(ticket, deciders), deciders) if need.missing > 0]


def decidable(ticket: Ticket) -> bool:
    """True when nothing but the word of people is missing."""
    if ticket.state is not State.PENDING or ticket.automatic or ticket.question_id is not None:
        return False
    return bool(ticket.preflight_clean) or not kind_named(ticket.kind).has_cluster_change


def nudge(session: Session, ticket_id: int, *, by: Actor, now: datetime) -> Ticket:
    """Have those who should decide reminded, once a day; raises Forbidden, WrongState (nobody awaited, too soon)."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.NUDGE, ticket)
    if not decidable(ticket):
        raise WrongState(f"{ticket.ref} waits for no decision now: `next` says what happens to it.")
    if ticket.nudged_at is not None and now < ticket.nudged_at + NUDGE_EVERY:
        again = f"{ticket.nudged_at + NUDGE_EVERY:%Y-%m-%d %H:%M} UTC"
        raise WrongState(f"Those who decide on {ticket.ref} were reminded within a day: again from {again}.")
    ticket.nudged_at = now
    _remind(session, ticket, by=by, now=now)
    return ticket


def call_deciders(session: Session, ticket_id: int, now: datetime) -> None:
    """Remind those who should decide on a ticket whose time for that has come; called by the sweep."""
    ticket = take_for_change(session, ticket_id, by=CLOCK)
    if ticket.state is not State.PENDING or ticket.call_deciders_at is None or ticket.call_deciders_at > now:
        return
    ticket.call_deciders_at = _next_call(ticket, route_of(session, ticket), now)
    if decidable(ticket):
        _remind(session, ticket, by=CLOCK, now=now)


def _remind(session: Session, ticket: Ticket, *, by: Actor, now: datetime) -> None:
    people = sorted({name for need in awaited(session, ticket) for name in need.everybody})
    lapses = None if ticket.lapses_at is None else ticket.lapses_at.isoformat()
    testify(session, ticket, "deciders:reminded", by=by, now=now, people=people, lapses_at=lapses)


def lapse(session: Session, ticket_id: int, now: datetime) -> None:
    """End a ticket on which nobody said a word in time; called by the sweep."""
    ticket = take_for_change(session, ticket_id, by=CLOCK)
    if ticket.state not in LAPSES or ticket.lapses_at is None or ticket.lapses_at > now:
        return
    reason = LAPSES[ticket.state]
    ticket.end_reason, ticket.ended_by, ticket.ended_at = reason, CLOCK.name, now
    ticket.problem = ticket.next_attempt_at = None
    move(session, ticket, State.LAPSED, by=CLOCK, now=now, reason=reason)
