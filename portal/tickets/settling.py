"""Settling: a ticket that nobody needs to decide any more is approved, and a worker is called for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal import outbox
from portal.access.actor import POLICY, Actor
from portal.kinds.base import WorkloadKind
from portal.kinds.registry import kind_named
from portal.mesh.want import Want
from portal.models import Ticket
from portal.states import Outcome, State
from portal.tickets import awaiting
from portal.tickets.approvals import complete
from portal.tickets.beginning import begins_at
from portal.tickets.moving import move
from portal.tickets.probe_standing import awaits_probe


def settle(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Approve by policy what nobody needs to decide (any more), unless a question or the preflight hinders it.

    What the policy alone decides waits for the probe of what is claimed; people need not, nor does a broken glass.
    """
    if ticket.automatic and not ticket.break_glass and awaits_probe(session, ticket):
        return
    decided = ticket.automatic or (ticket.decisions and complete(ticket))
    if decided and ticket.preflight_clean and ticket.question_id is None:
        approve(session, ticket, by=POLICY, now=now)


def approve(session: Session, ticket: Ticket, *, by: Actor, now: datetime) -> None:
    """Settle a ticket that was taken for a change: APPROVED, and a worker is called where one has something to do."""
    move(session, ticket, State.APPROVED, by=by, now=now)
    begin = begins_at(ticket, now)
    ticket.problem, ticket.attempts, ticket.next_attempt_at = None, 0, begin if begin > now else None
    awaiting.word_said(session, ticket, now=now)
    if _nothing_to_write(ticket):
        ticket.outcome, ticket.ended_by, ticket.ended_at = Outcome.FULFILLED, by.name, now
        ticket.end_reason = "What it asks for is the tenant's own to apply: the manifests are on the ticket."
        move(session, ticket, State.CLOSED, by=by, now=now, outcome=ticket.outcome, reason=ticket.end_reason)
        return
    # What starts later is called for by the sweep: no message waits in the queue for days.
    if kind_named(ticket.kind).has_cluster_change and begin <= now:
        outbox.send(session, outbox.apply_call(ticket), now=now)


def _nothing_to_write(ticket: Ticket) -> bool:
    """True when none of its workloads can be patched: its people apply the manifests that the ticket gives them."""
    is_of_workloads = isinstance(kind_named(ticket.kind), WorkloadKind)
    return is_of_workloads and not any(Want.from_json(link.wanted) for link in ticket.targets)
