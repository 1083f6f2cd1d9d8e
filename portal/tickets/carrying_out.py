"""Carrying out: the three phases of a worker's change to a cluster, claim, act (elsewhere) and settle."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from portal import outbox
from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import LostClaim
from portal.models import Cluster, Ticket
from portal.states import Adopts, Outcome, State
from portal.tickets import awaiting, ending, recertifying, stalling
from portal.tickets.beginning import begins_at
from portal.tickets.ending import Ending
from portal.tickets.moving import attach, move, take_for_change, testify
from portal.tickets.reminding import next_reminder

TASK_OF = {State.APPROVED: "meshdesk.apply", State.APPLYING: "meshdesk.apply", State.REVERTING: "meshdesk.undo"}
BACKOFF_AT_MOST = timedelta(minutes=1)


@dataclass(frozen=True)
class Claim:
    """A worker's lease on one ticket."""

    ticket_id: int
    token: str
    lease: timedelta

    @property
    def ref(self) -> str:
        """The ticket's reference."""
        return f"MD-{self.ticket_id}"


def claim(session: Session, ticket_id: int, *, task: str, lease: timedelta) -> tuple[Ticket, Claim] | None:
    """Take the ticket for `lease`; None when there is nothing to do or another worker holds it.

    An APPROVED ticket becomes APPLYING by being claimed.
    """
    now = database_now(session)
    ticket = session.get(Ticket, ticket_id)
    if (
        ticket is None
        or TASK_OF.get(ticket.state) != task
        or ticket.claimed(now)
        or not _may_begin(session, ticket, now)
    ):
        return None
    token = secrets.token_hex(16)
    held = Claim(ticket_id, token, lease)
    if not _lease(session, held, ticket.state, now=now):
        return None
    if ticket.state is State.APPROVED:
        move(session, take_for_change(session, ticket_id, by=WORKER), State.APPLYING, by=WORKER, now=now)
    return ticket, held


def _may_begin(session: Session, ticket: Ticket, now: datetime) -> bool:
    """False for what has not begun and is not to begin now: its cluster is paused or drains, its time is to come."""
    if ticket.state is not State.APPROVED:
        return True
    begin = begins_at(ticket, now)
    if begin > now:
        # The sweep calls again then, and not every few seconds until then.
        session.execute(update(Ticket).where(Ticket.id == ticket.id).values(next_attempt_at=begin))
        return False
    return not session.scalar(select(Cluster.idle).where(Cluster.name == ticket.cluster))


def _lease(session: Session, wanted: Claim, state: State, *, now: datetime) -> bool:
    free = or_(Ticket.claim_until.is_(None), Ticket.claim_until <= now)
    taken = session.execute(
        update(Ticket)
        .where(Ticket.id == wanted.ticket_id, Ticket.state == state, free)
        .values(claim_token=wanted.token, claim_until=now + wanted.lease)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def renew(session: Session, held: Claim) -> None:
    """Hold the ticket for another lease; raises LostClaim when it ended, was revoked or another worker has it."""
    now = database_now(session)
    renewed = session.execute(
        update(Ticket)
        .where(Ticket.id == held.ticket_id, Ticket.claim_token == held.token)
        .values(claim_until=now + held.lease)
    )
    if not renewed.rowcount:  # type: ignore[attr-defined]
        raise LostClaim(f"MD-{held.ticket_id} is another worker's now.")


def held_ticket(session: Session, held: Claim) -> Ticket:
    """The ticket taken for a change by the worker that holds it; raises LostClaim."""
    ticket = take_for_change(session, held.ticket_id, by=WORKER)
    if ticket.claim_token != held.token:
        raise LostClaim(f"{ticket.ref} is another worker's now.")
    return ticket


def begin_writing(session: Session, held: Claim, *, before: dict[str, Any]) -> None:
    """Open the window just before the first write: from here on the ticket leads to ACTIVE or through the undo.

    `before` is what the pods looked like. Does nothing when an earlier worker began already.
    """
    ticket = held_ticket(session, held)
    if ticket.writing_from is not None:
        return
    now = database_now(session)
    ticket.writing_from = ticket.active_from = now
    ticket.expires_at = None if ticket.duration is None else now + ticket.duration
    ticket.remind_at = next_reminder(session, ticket, after=now)
    recertifying.set_out(session, ticket, now=now)
    attach(session, ticket, "before", before, now=now)
    testify(session, ticket, "window:opened", by=WORKER, now=now, expires_at=_text(ticket.expires_at))


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def settle_active(session: Session, held: Claim, *, evidence: dict[str, Any]) -> None:
    """The change was seen on every target: ACTIVE, with its evidence; the ticket that it renews ends."""
    ticket = held_ticket(session, held)
    now = database_now(session)
    attach(session, ticket, "applied", evidence, now=now)
    for link in ticket.targets:
        link.proven_at = now
    # What somebody took out meanwhile stays out, and the ticket goes on saying so.
    problem = ticket.problem if any(link.suspended for link in ticket.targets) else None
    _free(ticket)
    ticket.problem, ticket.progress = problem, evidence["progress"]
    move(session, ticket, State.ACTIVE, by=WORKER, now=now)
    if ticket.adopts == Adopts.CLOSE:
        why = Ending(Outcome.REVOKED, f"{ticket.ref} was made to close this.")
        ending.begin_undo(session, ticket, why, by=WORKER, now=now)
    if ticket.renews_id is not None:
        _replace(session, ticket.renews_id, ticket.ref, now=now)


def _replace(session: Session, ticket_id: int, by_ref: str, *, now: datetime) -> None:
    before = take_for_change(session, ticket_id, by=WORKER)
    # Somebody else may have ended it while this one was being applied.
    if before.state in (State.ACTIVE, State.APPLYING):
        why = Ending(Outcome.REPLACED, f"{by_ref} follows it.")
        ending.begin_undo(session, before, why, by=WORKER, now=now)


def attach_undone(session: Session, held: Claim, *, evidence: dict[str, Any]) -> None:
    """Keep what proves that targets of the ticket are as they should be without it."""
    attach(session, held_ticket(session, held), "undone", evidence, now=database_now(session))


def settle_closed(session: Session, held: Claim, *, progress: dict[str, Any]) -> None:
    """The cluster was read and nothing of the ticket is left in it: CLOSED."""
    ticket = held_ticket(session, held)
    _free(ticket)
    ticket.progress = progress
    move(session, ticket, State.CLOSED, by=WORKER, now=database_now(session), outcome=ticket.outcome)


def wait(session: Session, held: Claim, *, progress: dict[str, Any], delay: timedelta) -> None:
    """Nothing is wrong, only not finished: free the claim and look again after `delay`.

    Bumps no version, but where a rollout began or ceased to hang, which is told.
    """
    stalling.tell(session, held.ticket_id, progress)
    _postpone(session, held, delay, attempts=0, problem=None, progress=progress)


def retry_later(session: Session, held: Claim, *, problem: str) -> None:
    """Something is wrong that may pass: say so and try again, ever more seldom up to a minute."""
    ticket = session.get_one(Ticket, held.ticket_id)
    delay = min(timedelta(seconds=1 << min(ticket.attempts, 6)), BACKOFF_AT_MOST)
    if ticket.problem != problem:
        testify(session, held_ticket(session, held), "work:hindered", by=WORKER, now=database_now(session), why=problem)
    _postpone(session, held, delay, attempts=ticket.attempts + 1, problem=problem, progress=ticket.progress)


def stumble(session: Session, held: Claim) -> None:
    """An error of Meshdesk's own: say so and try again later, whatever was written."""
    problem = (
        f"Something unforeseen went wrong in Meshdesk; its operators find it in the workers' log under {held.ref}."
    )
    if session.get_one(Ticket, held.ticket_id).state is State.APPLYING and not _written(session, held):
        hand_back(session, held, problem=problem)
    else:
        retry_later(session, held, problem=problem)


def _written(session: Session, held: Claim) -> bool:
    return session.get_one(Ticket, held.ticket_id).writing_from is not None


def _postpone(session: Session, held: Claim, delay: timedelta, **values: Any) -> None:
    now = database_now(session)
    kept = session.execute(
        update(Ticket)
        .where(Ticket.id == held.ticket_id, Ticket.claim_token == held.token)
        .values(claim_token=None, claim_until=None, next_attempt_at=now + delay, updated_at=now, **values)
    )
    if not kept.rowcount:  # type: ignore[attr-defined]
        raise LostClaim(f"MD-{held.ticket_id} is another worker's now.")
    call_worker(session, session.get_one(Ticket, held.ticket_id), now=now, delay=delay)


def call_worker(session: Session, ticket: Ticket, *, now: datetime, delay: timedelta = timedelta(0)) -> None:
    """Send the one message that carries the ticket on from its present state."""
    call = outbox.undo_call(ticket) if ticket.state is State.REVERTING else outbox.apply_call(ticket)
    outbox.supersede(session, call.task, call.subject, now=now)
    outbox.send(session, replace(call, delay=delay), now=now)


def _free(ticket: Ticket) -> None:
    ticket.claim_token = ticket.claim_until = ticket.next_attempt_at = ticket.problem = None
    ticket.attempts = 0


def refuse(session: Session, held: Claim, why: Ending) -> None:
    """The cluster said no: FAILED while nothing was written, else the undo begins by itself."""
    ticket = held_ticket(session, held)
    now = database_now(session)
    if ticket.writing_from is not None:
        ending.begin_undo(session, ticket, why, by=WORKER, now=now)
        return
    _free(ticket)
    ticket.problem = why.reason
    move(session, ticket, State.FAILED, by=WORKER, now=now, reason=why.reason)
    awaiting.word_said(session, ticket, now=now)


def hand_back(session: Session, held: Claim, *, problem: str) -> None:
    """A passing trouble before anything was written: APPROVED again, and tried again after a while."""
    ticket = held_ticket(session, held)
    now = database_now(session)
    attempts = ticket.attempts + 1
    _free(ticket)
    ticket.problem, ticket.attempts = problem, attempts
    delay = min(timedelta(seconds=1 << min(attempts, 6)), BACKOFF_AT_MOST)
    ticket.next_attempt_at = now + delay
    move(session, ticket, State.APPROVED, by=WORKER, now=now, reason=problem)
    call_worker(session, ticket, now=now, delay=delay)
