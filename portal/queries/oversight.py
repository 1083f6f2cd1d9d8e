"""Selects of what operators look after: work that fails or is late, queues, clusters, and what the registry holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.models import (
    Cluster,
    ClusterGone,
    GroupRole,
    InventoryCluster,
    Membership,
    Message,
    Namespace,
    Person,
    PolicyVersion,
    RegistryVersion,
    Role,
    Source,
    Tenant,
    Ticket,
)
from portal.queries.metrics import PROMISED
from portal.queries.tickets import LIVE
from portal.states import TERMINAL, Outcome, State

LOOKED_BACK = 2000
"""How many of the messages that were taken last are looked at for a queue's last sign of life."""


@dataclass(frozen=True)
class Queue:
    """What waits in a queue and since when it is due, and when somebody last took anything of it (as far as known)."""

    name: str
    waiting: int
    oldest: datetime | None
    taken_at: datetime | None


@dataclass(frozen=True)
class ClusterState:
    """A cluster with when workers last looked at it; `draining` says that it left the registry and is not yet empty."""

    cluster: Cluster
    seen_at: datetime | None
    tried_at: datetime | None
    problem: str | None
    unproven: int = 0

    @property
    def draining(self) -> bool:
        """True once the registry names it no longer, while something on it is not over."""
        return not self.cluster.active and not self.gone

    @property
    def gone(self) -> bool:
        """True where operators said that it is gone for good, which closed what was open on it."""
        return not self.cluster.active and self.unproven > 0


def late(session: Session, *, now: datetime, limit: int) -> Sequence[Ticket]:
    """Tickets that are open past their end, or could not be undone, longest first; one more than `limit` if more."""
    past = and_(LIVE, Ticket.expires_at < now - PROMISED)
    query = _worked_on((State.APPLYING, State.ACTIVE, State.REVERTING)).where(or_(past, _not_undone(now)))
    return session.scalars(query.order_by(func.coalesce(Ticket.ended_at, Ticket.expires_at)).limit(limit + 1)).all()


def failing(session: Session, *, now: datetime, limit: int) -> Sequence[Ticket]:
    """Tickets that could not be carried out, or whose work is hindered, and that are not `late`; newest first."""
    in_time = or_(~LIVE, Ticket.expires_at.is_(None), Ticket.expires_at >= now - PROMISED)
    hindered = and_(Ticket.problem.is_not(None), ~_not_undone(now), in_time)
    query = _worked_on((State.FAILED, State.APPROVED, State.APPLYING, State.ACTIVE, State.REVERTING))
    query = query.where(or_(Ticket.state == State.FAILED, hindered))
    return session.scalars(query.order_by(Ticket.id.desc()).limit(limit + 1)).all()


def _not_undone(now: datetime) -> ColumnElement[bool]:
    return and_(Ticket.state == State.REVERTING, Ticket.problem.is_not(None), Ticket.ended_at < now - PROMISED)


def _worked_on(states: Sequence[State]) -> Select[Any]:
    # The index is by cluster first: named like this, it is used whatever the number of tickets that are over.
    on_clusters = Ticket.cluster.in_(select(Cluster.name))
    return select(Ticket).where(on_clusters, Ticket.state.in_(states)).options(joinedload(Ticket.tenant))


def queues(session: Session, *, now: datetime) -> list[Queue]:
    """Every queue of which messages are kept, by name."""
    due = select(Message.queue, func.count(), func.min(Message.due_at))
    due = due.where(Message.taken_at.is_(None), Message.due_at <= now).group_by(Message.queue)
    waiting: dict[str, tuple[int, datetime | None]] = {}
    for queue, count, oldest in session.execute(due):
        waiting[queue] = (count, oldest)
    newest = select(Message.queue, Message.taken_at).where(Message.taken_at.is_not(None))
    last = newest.order_by(Message.taken_at.desc()).limit(LOOKED_BACK).subquery()
    signs = select(last.c.queue, func.max(last.c.taken_at)).group_by(last.c.queue)
    taken = dict(session.execute(signs).all())
    return [_queue(name, waiting.get(name), taken.get(name)) for name in sorted(waiting.keys() | taken.keys())]


def _queue(name: str, waits: tuple[int, datetime | None] | None, taken_at: datetime | None) -> Queue:
    count, oldest = waits or (0, None)
    return Queue(name, count, oldest, taken_at)


def cluster_states(session: Session, *, limit: int) -> Sequence[ClusterState]:
    """The clusters in use, those that left the registry while something on them is open, and those that are gone for
    good, by name.
    """
    unproven = _unproven(session)
    draining = exists().where(Ticket.cluster == Cluster.name, Ticket.state.not_in(TERMINAL))
    query = (
        select(Cluster, InventoryCluster)
        .join(InventoryCluster, InventoryCluster.cluster == Cluster.name, isouter=True)
        .where(or_(Cluster.active, draining, Cluster.name.in_(unproven)))
    )
    return [
        ClusterState(
            cluster,
            seen.seen_at if seen else None,
            seen.tried_at if seen else None,
            seen.problem if seen else None,
            unproven.get(cluster.name, 0),
        )
        for cluster, seen in session.execute(query.order_by(Cluster.name).limit(limit))
    ]


def _unproven(session: Session) -> dict[str, int]:
    """How many tickets closed without a proof on each cluster that operators say is gone for good."""
    # Of clusters alone of which that was said: nothing indexes the outcome, and there are many tickets.
    query = select(Ticket.cluster, func.count()).where(
        Ticket.cluster.in_(select(ClusterGone.cluster)),
        Ticket.state == State.CLOSED,
        Ticket.outcome == Outcome.UNPROVEN,
    )
    return {cluster or "": count for cluster, count in session.execute(query.group_by(Ticket.cluster))}


def registry_versions(session: Session, *, limit: int) -> Sequence[Any]:
    """When registries came into force, by whom and which, newest first, without their texts."""
    row = RegistryVersion
    query = select(row.id, row.applied_at, row.applied_by, row.digest).order_by(row.id.desc())
    return session.execute(query.limit(limit)).all()


def policy_versions(session: Session, *, limit: int) -> Sequence[Any]:
    """When policies came into force, by whom and which, newest first, without their texts."""
    row = PolicyVersion
    query = select(row.id, row.applied_at, row.applied_by, row.digest).order_by(row.id.desc())
    return session.execute(query.limit(limit)).all()


def registry_counts(session: Session) -> dict[str, int]:
    """How many clusters, tenants, namespaces and people (whoever vouches for them) are in force."""
    tenants = select(Tenant.id).where(Tenant.active)
    wanted = {
        "cluster": select(func.count()).select_from(Cluster).where(Cluster.active),
        "tenant": select(func.count()).select_from(Tenant).where(Tenant.active),
        "namespace": select(func.count()).select_from(Namespace).where(Namespace.tenant_id.in_(tenants)),
        "person": select(func.count()).select_from(Person).where(Person.may_act, Person.source != Source.SERVICE),
    }
    return {name: session.scalar(query) or 0 for name, query in wanted.items()}


Seats = dict[tuple[int | None, Role], list[str]]


def seated(session: Session, tenant_ids: Collection[int | None]) -> Seats:
    """Who may act with which role in these tenants (None: in the platform), by name; services are no people."""
    query = (
        select(Membership.tenant_id, Membership.role, Person.name)
        .join(Person, Person.id == Membership.person_id)
        .where(Person.may_act, Person.source != Source.SERVICE, _within(Membership.tenant_id, tenant_ids))
        .order_by(Person.name)
    )
    return _by_seat(session.execute(query).all())


def grouped(session: Session, tenant_ids: Collection[int | None]) -> Seats:
    """Which groups give which role in these tenants (None: in the platform)."""
    query = select(GroupRole.tenant_id, GroupRole.role, GroupRole.name)
    query = query.where(_within(GroupRole.tenant_id, tenant_ids)).order_by(GroupRole.name)
    return _by_seat(session.execute(query).all())


def owned(session: Session, tenant_ids: Collection[int]) -> dict[int, list[Namespace]]:
    """The namespaces of these tenants, by cluster and name."""
    query = select(Namespace).where(Namespace.tenant_id.in_(tenant_ids)).order_by(Namespace.cluster, Namespace.name)
    found: dict[int, list[Namespace]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.tenant_id].append(row)
    return found


def _within(column: Any, tenant_ids: Collection[int | None]) -> ColumnElement[bool]:
    numbered = column.in_([one for one in tenant_ids if one is not None])
    return or_(numbered, column.is_(None)) if None in tenant_ids else numbered


def _by_seat(rows: Sequence[Any]) -> Seats:
    found: Seats = defaultdict(list)
    for tenant_id, role, name in rows:
        found[tenant_id, Role(role)].append(name)
    return found
