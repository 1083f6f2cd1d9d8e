"""Operating: an operator pauses a cluster and has it go on. Called by the API.

While a cluster is paused nothing new is begun on it: `carrying_out.claim` and the sweep leave approved tickets alone.
What has begun goes on, and what ends is undone.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal import audit
from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import NotFound, WrongState
from portal.kinds.registry import KINDS
from portal.models import Cluster, Ticket
from portal.states import State
from portal.tickets.carrying_out import call_worker

# More than this at once would hold the transaction for long; the sweep calls what is left within seconds.
CALLED_AT_ONCE = 200
WORKED = [name for name, kind in KINDS.items() if kind.has_cluster_change]


def pause(session: Session, name: str, *, reason: str, by: Actor, now: datetime) -> Cluster:
    """Begin nothing new on this cluster; raises Forbidden, NotFound, WrongState (it is paused already)."""
    cluster = _taken(session, name, by)
    if cluster.paused_at is not None:
        raise WrongState(
            f"{name} is paused already, by {cluster.paused_by} ({cluster.pause_reason}): resume it first to give "
            "another reason."
        )
    cluster.paused_at, cluster.paused_by, cluster.pause_reason = now, by.name, reason
    _testify(session, "cluster:paused", by, now, cluster=name, reason=reason)
    return cluster


def resume(session: Session, name: str, *, by: Actor, now: datetime) -> Cluster:
    """Go on with what waited on this cluster, oldest first; raises Forbidden, NotFound, WrongState (not paused)."""
    cluster = _taken(session, name, by)
    if cluster.paused_at is None:
        raise WrongState(f"{name} is not paused: there is nothing to resume.")
    cluster.paused_at = cluster.paused_by = cluster.pause_reason = None
    _testify(session, "cluster:resumed", by, now, cluster=name)
    due = or_(Ticket.starts_at.is_(None), Ticket.starts_at <= now)
    waiting = select(Ticket).where(Ticket.cluster == name, Ticket.state == State.APPROVED, Ticket.kind.in_(WORKED), due)
    for ticket in session.scalars(waiting.order_by(Ticket.id).limit(CALLED_AT_ONCE)):
        call_worker(session, ticket, now=now)
    return cluster


def _taken(session: Session, name: str, by: Actor) -> Cluster:
    rights.check(by, Action.PAUSE, "", tenant_id=None)
    wanted = select(Cluster).where(Cluster.name == name, Cluster.active)
    cluster = session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if cluster is None:
        raise NotFound(f"There is no cluster {name}: GET /clusters lists those that there are.")
    return cluster


def _testify(session: Session, type_: str, by: Actor, now: datetime, **payload: str) -> None:
    audit.record(session, audit.SYSTEM_CHAIN, audit.Deed(type_, by.name, payload), now=now)
