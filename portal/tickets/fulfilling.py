"""Fulfilling: what operators do about tickets that no worker carries out, from taking one to answering it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import Forbidden, NotReady, WrongState
from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.states import TERMINAL, Outcome, State
from portal.tickets import deciding, ending
from portal.tickets.moving import may, move, take_for_change, testify


def take(session: Session, ticket_id: int, *, by: Actor, now: datetime) -> Ticket:
    """An operator works on it from now on, also in another operator's place, which is told.

    Raises Forbidden (no operator, own ticket), WrongState (a worker's ticket, over already, one's own work already).
    """
    ticket = _for_operator(session, ticket_id, by, "take")
    if ticket.taken_by == by.name:
        raise WrongState(f"You work on {ticket.ref} already: answer it by fulfilling or declining it.")
    testify(session, ticket, "work:taken", by=by, now=now, over_from=ticket.taken_by)
    ticket.taken_by, ticket.updated_at = by.name, now
    return ticket


def fulfil(session: Session, ticket_id: int, *, answer: str, by: Actor, now: datetime) -> Ticket:
    """It is done, and `answer` says what was: CLOSED as fulfilled.

    A PENDING one is approved by the same word where that completes its rule, else NotReady; raises what `take` does.
    """
    ticket = _for_operator(session, ticket_id, by, "fulfil")
    if ticket.state is State.PENDING:
        verdict = deciding.Verdict("approve", answer, ticket.version)
        deciding.give_approval(session, ticket, verdict, by=by, now=now)
        if ticket.state is State.PENDING:
            raise NotReady(
                f"{ticket.ref} needs more approvals than yours: approve it, and fulfil it once the others have too."
            )
    ticket.answer, ticket.outcome, ticket.ended_by, ticket.ended_at = answer, Outcome.FULFILLED, by.name, now
    move(session, ticket, State.CLOSED, by=by, now=now, outcome=Outcome.FULFILLED, answer=answer)
    return ticket


def decline(session: Session, ticket_id: int, *, answer: str, by: Actor, now: datetime) -> Ticket:
    """It is not done, and `answer` says why: REJECTED while it is PENDING, WITHDRAWN once it was approved.

    Raises what `take` does.
    """
    ticket = _for_operator(session, ticket_id, by, "decline")
    ticket.answer = answer
    if ticket.state is State.PENDING:
        deciding.turn_down(session, ticket, reason=answer, by=by, now=now)
    else:
        ending.take_back(session, ticket, reason=answer, by=by, now=now)
    return ticket


def _for_operator(session: Session, ticket_id: int, by: Actor, verb: str) -> Ticket:
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.FULFIL, ticket)
    if kind_named(ticket.kind).has_cluster_change:
        raise WrongState(
            f"Workers carry {ticket.ref} out, not people: approve or reject it while it is pending, or revoke it."
        )
    if ticket.requester.voice_id == by.voice_id:
        raise Forbidden(f"Nobody may {verb} their own ticket: another operator must, or withdraw it.")
    if ticket.state in TERMINAL:
        raise WrongState(f"{ticket.ref} is {ticket.state}: it is over. Comment on it, or have it asked again.")
    return ticket
