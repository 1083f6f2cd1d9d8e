"""Selects of what `/metrics` tells of posture, over all tenants, naming none of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.models import Cluster, PostureCluster, PostureHole, PostureWorkload


@dataclass(frozen=True)
class Glance:
    """The reading of a cluster: whether the last try failed, and the last that was whole."""

    cluster: str
    failing: bool
    seen_at: datetime | None


def glances(session: Session) -> Sequence[Glance]:
    """Every cluster of the registry whose posture somebody tried to read, by name."""
    query = select(PostureCluster.cluster, PostureCluster.problem, PostureCluster.seen_at)
    rows = session.execute(query.join(Cluster).where(Cluster.active).order_by(PostureCluster.cluster))
    return [Glance(cluster, problem is not None, seen_at) for cluster, problem, seen_at in rows]


def standings(session: Session) -> Sequence[tuple[str, str, int]]:
    """How many workloads of each cluster stand how; pairs without one are left out."""
    columns = (PostureWorkload.cluster, PostureWorkload.standing)
    query = select(*columns, func.count()).join(Cluster).where(Cluster.active).group_by(*columns).order_by(*columns)
    return [(cluster, standing, count) for cluster, standing, count in session.execute(query)]


def holes(session: Session) -> Sequence[tuple[str, str, int, int]]:
    """How many holes of each cluster and code there are, and how many of them no live tickets explain."""
    columns = (PostureHole.cluster, PostureHole.code)
    query = select(*columns, func.count(), func.count(PostureHole.unexplained_since)).join(Cluster)
    query = query.where(Cluster.active, PostureHole.gone_at.is_(None)).group_by(*columns).order_by(*columns)
    return [(cluster, code, count, open_) for cluster, code, count, open_ in session.execute(query)]
