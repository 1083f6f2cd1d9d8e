"""Ending: release, revoke, withdraw, expire; and what a person does about work that failed (retry, reapply)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal import outbox
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import WrongState
from portal.models import Ticket
from portal.states import NOT_BEGUN, TERMINAL, Outcome, State
from portal.tickets import awaiting, guarding
from portal.tickets.moving import may, move, take_for_change, testify

# What is told of created objects (workers/created/telling.py); of workloads it is a Want.
OBJECTS_TOLD = frozenset({"missing", "changed", "taken", "again"})


@dataclass(frozen=True)
class Ending:
    """Why a window ends, for the machine and in words."""

    outcome: Outcome
    reason: str


def end(session: Session, ticket_id: int, why: Ending, *, by: Actor, now: datetime) -> Ticket:
    """End an open window, whoever asks: a person's revocation, the clock, a renewal, a vanished target."""
    ticket = take_for_change(session, ticket_id, by=by)
    begin_undo(session, ticket, why, by=by, now=now)
    return ticket


def begin_undo(session: Session, ticket: Ticket, why: Ending, *, by: Actor, now: datetime) -> None:
    """Send the ticket into its undo and take it from the worker that may still be applying it."""
    ticket.outcome, ticket.end_reason, ticket.ended_by, ticket.ended_at = why.outcome, why.reason, by.name, now
    ticket.claim_token = ticket.claim_until = ticket.next_attempt_at = ticket.problem = None
    ticket.attempts = 0
    for link in ticket.targets:
        link.proven_at = None
    move(session, ticket, State.REVERTING, by=by, now=now, outcome=why.outcome, reason=why.reason)
    outbox.send(session, outbox.undo_call(ticket), now=now)
    guarding.ended(session, ticket.cluster, now=now)


def withdraw(session: Session, ticket_id: int, *, reason: str, by: Actor, now: datetime) -> Ticket:
    """Take back a request before its window opens; only its requester or an owner of the tenant may."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.WITHDRAW, ticket)
    take_back(session, ticket, reason=reason, by=by, now=now)
    return ticket


def take_back(session: Session, ticket: Ticket, *, reason: str, by: Actor, now: datetime) -> None:
    """Withdraw a ticket that was taken for a change; raises WrongState once its window may be open."""
    if ticket.state not in NOT_BEGUN:
        instead = "it is over." if ticket.state in TERMINAL | {State.REVERTING} else "release it instead."
        raise WrongState(f"{ticket.ref} is {ticket.state}: {instead}")
    ticket.end_reason, ticket.ended_by, ticket.ended_at = reason, by.name, now
    ticket.problem = ticket.next_attempt_at = None
    move(session, ticket, State.WITHDRAWN, by=by, now=now, reason=reason)


def release(session: Session, ticket_id: int, *, reason: str, by: Actor, now: datetime) -> Ticket:
    """The requester (or an owner) needs the window no longer; raises WrongState when none is open."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.RELEASE, ticket)
    if ticket.state not in (State.APPLYING, State.ACTIVE):
        instead = "withdraw it instead." if ticket.state in NOT_BEGUN else "only an open window can be released."
        raise WrongState(f"{ticket.ref} is {ticket.state}: {instead}")
    begin_undo(session, ticket, Ending(Outcome.RELEASED, reason), by=by, now=now)
    return ticket


def revoke(session: Session, ticket_id: int, *, reason: str, by: Actor, now: datetime) -> Ticket:
    """A partner, an owner or an operator ends it at any time; what has not begun is withdrawn with the reason."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.REVOKE, ticket)
    if ticket.state in (State.APPROVED, State.FAILED):
        take_back(session, ticket, reason=reason, by=by, now=now)
    elif ticket.state in (State.APPLYING, State.ACTIVE):
        begin_undo(session, ticket, Ending(Outcome.REVOKED, reason), by=by, now=now)
    else:
        instead = "reject it instead." if ticket.state is State.PENDING else "there is nothing to revoke."
        raise WrongState(f"{ticket.ref} is {ticket.state}: {instead}")
    return ticket


def retry(session: Session, ticket_id: int, *, by: Actor, now: datetime) -> Ticket:
    """Try a failed ticket again, or a hindered one at once; raises WrongState when there is nothing to try."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.RETRY, ticket)
    if ticket.state is State.FAILED:
        move(session, ticket, State.APPROVED, by=by, now=now)
        ticket.problem = None
        awaiting.word_said(session, ticket, now=now)
        outbox.send(session, outbox.apply_call(ticket), now=now)
    elif ticket.state is State.REVERTING:
        testify(session, ticket, "work:retried", by=by, now=now)
        ticket.next_attempt_at, ticket.attempts = None, 0
        outbox.send(session, outbox.undo_call(ticket), now=now)
    else:
        raise WrongState(f"{ticket.ref} is {ticket.state}: there is nothing to retry.")
    return ticket


def reapply(session: Session, ticket_id: int, *, by: Actor, now: datetime) -> Ticket:
    """Write again what somebody removed from the cluster while the window was open."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.REAPPLY, ticket)
    suspended = [link for link in ticket.targets if link.suspended.keys() - {"warnings"}]
    if ticket.state is not State.ACTIVE or not suspended:
        raise WrongState(f"Nothing of {ticket.ref} was removed while its window is open: there is nothing to reapply.")
    for link in suspended:
        # Whoever creates objects must know that it was asked to: nothing is created twice otherwise.
        link.suspended = {"again": True} if link.suspended.keys() & OBJECTS_TOLD else {}
        call = outbox.Call("meshdesk.converge", link.target_id, outbox.apply_queue(link.target.cluster))
        outbox.send(session, call, now=now)
    ticket.problem = None
    testify(session, ticket, "work:reapplied", by=by, now=now, targets=[link.target.name for link in suspended])
    return ticket
