"""Selects of what was asked before: the same exception, or one of the same kind on some of the same targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from portal.models import Target, Ticket, TicketTarget
from portal.queries.tickets import WHOLE
from portal.states import State

AT_MOST = 50


@dataclass(frozen=True)
class Before:
    """How many tickets like one there were before it, and how many of them were approved and rejected."""

    count: int
    approved: int
    rejected: int


def history(session: Session, ticket: Ticket) -> Sequence[Ticket]:
    """Earlier tickets of the tenant and kind with the same content or a common target, newest first; at most 50."""
    query = select(Ticket).where(_like(ticket)).options(*WHOLE).order_by(Ticket.id.desc()).limit(AT_MOST)
    return session.scalars(query).all()


def history_count(session: Session, ticket: Ticket) -> Before:
    """How many those are, all of them, and what became of them."""
    rows = session.execute(select(Ticket.state, func.count()).where(_like(ticket)).group_by(Ticket.state)).all()
    states = {row[0]: row[1] for row in rows}
    rejected = states.get(State.REJECTED, 0)
    undecided = sum(states.get(state, 0) for state in (State.PENDING, State.WITHDRAWN, State.LAPSED))
    total = sum(states.values())
    return Before(total, total - rejected - undecided, rejected)


def _like(ticket: Ticket) -> ColumnElement[bool]:
    # Every ticket for Viz shares its cluster's Viz, which is in no namespace: that alone makes no two alike.
    targets = (
        select(TicketTarget.target_id)
        .join(Target, Target.id == TicketTarget.target_id)
        .where(TicketTarget.ticket_id == ticket.id, Target.namespace != "")
    )
    same = aliased(Ticket)
    equal = select(same.id).where(same.fingerprint == ticket.fingerprint)
    overlapping = select(TicketTarget.ticket_id).where(TicketTarget.target_id.in_(targets))
    return and_(
        Ticket.tenant_id == ticket.tenant_id,
        Ticket.kind == ticket.kind,
        Ticket.id < ticket.id,
        Ticket.id.in_(equal.union_all(overlapping)),
    )
