"""How a cluster's workloads stood at each whole reading, by tenant, so that people see where it goes. posture.py calls.

Everything is kept for two days, then the first reading of each hour for ninety.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, delete, func, select
from sqlalchemy.orm import Session

from portal.mesh.holes import LEFTOVERS
from portal.models import Namespace, PostureCount, PostureHole, PostureWorkload

KEEP_ALL = timedelta(days=2)
KEEP_HOURLY = timedelta(days=90)


def write_counts(session: Session, cluster: str, *, now: datetime) -> None:
    """Count what is written down of the cluster now, and forget what is old."""
    counts: dict[int | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for tenant, standing, number in session.execute(_standings(cluster)):
        counts[tenant][standing] = number
    for tenant, holes, unexplained in session.execute(_holes(cluster)):
        counts[tenant] |= {"holes": holes, "unexplained": unexplained}
    hourly = _is_first_of_its_hour(session, cluster, now)
    fields = ("encrypted", "partly", "unmeshed", "holes", "unexplained")
    for owner, found in counts.items():
        numbers = {field: found.get(field, 0) for field in fields}
        session.add(PostureCount(cluster=cluster, tenant_id=owner, at=now, hourly=hourly, **numbers))
    _thin(session, cluster, now)


def _standings(cluster: str) -> Select[int, str, int]:
    joined = and_(Namespace.cluster == PostureWorkload.cluster, Namespace.name == PostureWorkload.namespace)
    query = select(Namespace.tenant_id, PostureWorkload.standing, func.count()).select_from(PostureWorkload)
    query = query.join(Namespace, joined, isouter=True).where(PostureWorkload.cluster == cluster)
    return query.group_by(Namespace.tenant_id, PostureWorkload.standing)


def _holes(cluster: str) -> Select[int, int, int]:
    joined = and_(Namespace.cluster == PostureHole.cluster, Namespace.name == PostureHole.namespace)
    query = select(Namespace.tenant_id, func.count(), func.count(PostureHole.unexplained_since))
    query = query.select_from(PostureHole).join(Namespace, joined, isouter=True)
    standing = (PostureHole.cluster == cluster, PostureHole.gone_at.is_(None), PostureHole.code.not_in(LEFTOVERS))
    return query.where(*standing).group_by(Namespace.tenant_id)


def _is_first_of_its_hour(session: Session, cluster: str, now: datetime) -> bool:
    hour = now.replace(minute=0, second=0, microsecond=0)
    query = select(PostureCount.id).where(PostureCount.cluster == cluster, PostureCount.at >= hour)
    return session.scalar(query.limit(1)) is None


def _thin(session: Session, cluster: str, now: datetime) -> None:
    of_cluster = delete(PostureCount).where(PostureCount.cluster == cluster)
    session.execute(of_cluster.where(PostureCount.at < now - KEEP_ALL, PostureCount.hourly.is_(False)))
    session.execute(of_cluster.where(PostureCount.at < now - KEEP_HOURLY))
