"""Selects of workloads' traffic, as workers last asked a Prometheus: of namespaces that one may see, and no others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.models import Namespace, Tenant, ToplineCluster, ToplineWorkload
from portal.queries.encryption import Scope, in_scope

_T = ToplineWorkload
Columns = TypeVarTuple("Columns")
MINUTES = 60
FAILING_BELOW = 0.99
"""Whose share of successes is less fails too much."""
# A workload of which the last answer said nothing got nothing, whatever its row still has.
_CURRENT = or_(ToplineCluster.seen_at.is_(None), _T.seen_at >= ToplineCluster.seen_at)


@dataclass(frozen=True)
class Point:
    """One minute of the last hour: how long ago in minutes, requests a second, and the share that succeeded."""

    ago: int
    requests: float
    success: float | None


@dataclass(frozen=True)
class Counts:
    """How many workloads there are figures of, and how many of them fail too much."""

    total: int
    failing: int


@dataclass(frozen=True)
class Traffic:
    """One workload's figures at a minute: None where nothing came; `hour` is what is known of its last hour."""

    cluster: str
    namespace: str
    tenant: str
    kind: str
    name: str
    seen_at: datetime
    requests: float
    success: float | None
    meshed: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    hour: Sequence[Point]


def traffic(session: Session, scope: Scope, *, by: Actor, offset: int = 0, limit: int) -> list[Traffic]:
    """Workloads that the actor may see, those that fail most first, then those that get most."""
    query = _within(select(_T, Tenant.name, ToplineCluster.seen_at), scope, by)
    success, requests = case((_CURRENT, _T.success)), case((_CURRENT, _T.requests), else_=0.0)
    key = (_T.cluster, _T.namespace, _T.kind, _T.name)
    query = query.order_by(success.is_(None), success, requests.desc(), *key).offset(offset).limit(limit)
    return [_made(row, tenant, seen_at) for row, tenant, seen_at in session.execute(query)]


def counts(session: Session, scope: Scope, *, by: Actor) -> Counts:
    """How many workloads of the scope the actor may see, and how many of them fail too much now."""
    failing = func.count(case((and_(_CURRENT, _T.success < FAILING_BELOW), 1)))
    total, bad = session.execute(_within(select(func.count(_T.id), failing), scope, by)).one()
    return Counts(total, bad)


def sources(session: Session, clusters: Collection[str]) -> dict[str, ToplineCluster]:
    """Whom workers ask for these clusters' figures; without those for which nobody has tried yet."""
    query = select(ToplineCluster).where(ToplineCluster.cluster.in_(clusters)).order_by(ToplineCluster.cluster)
    return {row.cluster: row for row in session.scalars(query)}


def _within(query: Select[*Columns], scope: Scope, by: Actor) -> Select[*Columns]:
    """The query over workloads of namespaces that are in the scope and the actor's to see."""
    owned = and_(Namespace.cluster == _T.cluster, Namespace.name == _T.namespace, Namespace.tenant_id == _T.tenant_id)
    joined = query.select_from(_T).join(Namespace, owned).join(Tenant, Tenant.id == Namespace.tenant_id)
    return joined.join(ToplineCluster, ToplineCluster.cluster == _T.cluster).where(*in_scope(scope, by))


def _made(row: ToplineWorkload, tenant: str, whole: datetime | None) -> Traffic:
    # Of an answer that broke off, some workloads are newer than the last that was whole.
    last = row.seen_at if whole is None else max(whole, row.seen_at)
    same = {name: getattr(row, name) for name in ("cluster", "namespace", "kind", "name")}
    figures = {name: getattr(row, name) for name in ("requests", "success", "meshed", "p50", "p95", "p99")}
    if row.seen_at < last:
        figures = {name: 0.0 if name == "requests" else None for name in figures}
    now = int(last.timestamp()) // 60
    points = (Point(now - int(at), float(requests), success) for at, requests, success in row.hour)
    hour = tuple(one for one in points if 0 <= one.ago < MINUTES)
    return Traffic(**same, tenant=tenant, seen_at=last, **figures, hour=hour)
