"""Selects of what `/metrics` tells: one query each, over all tenants, naming none of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.models import Cluster, InventoryCluster, Message, Ticket
from portal.queries.tickets import LIVE
from portal.states import Outcome, State

# A write-back is promised within this time of a window's end; what takes longer is late.
PROMISED = timedelta(seconds=10)


@dataclass(frozen=True)
class Late:
    """How many tickets are late with something, and since when the first of them should have it (None: none is)."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True)
class ClusterSight:
    """What is known of a cluster: paused or not, whether the last look at it failed, and the last that did not."""

    name: str
    paused: bool
    failing: bool
    seen_at: datetime | None


def ticket_counts(session: Session) -> Sequence[tuple[State, str, int]]:
    """How many tickets of each state and kind there are; pairs without a ticket are left out."""
    query = select(Ticket.state, Ticket.kind, func.count()).group_by(Ticket.state, Ticket.kind)
    return [(state, kind, count) for state, kind, count in session.execute(query.order_by(Ticket.state, Ticket.kind))]


def unproven(session: Session) -> Sequence[tuple[str, int]]:
    """How many tickets of each cluster closed without a proof; clusters without one are left out."""
    query = select(Ticket.cluster, func.count()).where(Ticket.outcome == Outcome.UNPROVEN).group_by(Ticket.cluster)
    return [(cluster or "", count) for cluster, count in session.execute(query.order_by(Ticket.cluster))]


def overdue(session: Session, *, now: datetime) -> Late:
    """Windows that are still live after their end."""
    query = select(func.count(), func.min(Ticket.expires_at)).where(LIVE, Ticket.expires_at < now)
    return Late(*session.execute(query).one())


def unfinished_undos(session: Session, *, now: datetime) -> Late:
    """Tickets that ended longer ago than `PROMISED` and whose change is not yet seen to be gone."""
    late = (Ticket.state == State.REVERTING, Ticket.ended_at < now - PROMISED)
    return Late(*session.execute(select(func.count(), func.min(Ticket.ended_at)).where(*late)).one())


def oldest_messages(session: Session, *, now: datetime) -> Sequence[tuple[str, datetime]]:
    """Each queue that has messages which are due and nobody took, with when the oldest of them was due."""
    waiting = select(Message.queue, func.min(Message.due_at)).where(Message.taken_at.is_(None), Message.due_at <= now)
    return [(queue, due) for queue, due in session.execute(waiting.group_by(Message.queue).order_by(Message.queue))]


def cluster_sights(session: Session) -> Sequence[ClusterSight]:
    """Every cluster of the registry, by name."""
    query = (
        select(Cluster.name, Cluster.paused_at, InventoryCluster.problem, InventoryCluster.seen_at)
        .join(InventoryCluster, InventoryCluster.cluster == Cluster.name, isouter=True)
        .where(Cluster.active)
    )
    return [
        ClusterSight(name, paused_at is not None, problem is not None, seen_at)
        for name, paused_at, problem, seen_at in session.execute(query.order_by(Cluster.name))
    ]
