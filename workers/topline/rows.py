"""What was answered as rows: figures of now and the last hour, of what a tenant owns, and no older than an hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.models import ToplineWorkload
from workers.topline.questions import Figures, Key

MINUTES = 60
HOUR = timedelta(hours=1)


def write(session: Session, cluster: str, owners: Mapping[str, int], found: Mapping[Key, Figures], minute: int) -> None:
    """Write down what was found in namespaces of a cluster (`owners`: tenants by namespace) up to a minute."""
    there = select(ToplineWorkload).where(
        ToplineWorkload.cluster == cluster, ToplineWorkload.namespace.in_({key[0] for key in found})
    )
    rows = {(row.namespace, row.kind, row.name): row for row in session.scalars(there)}
    for key, figures in found.items():
        row = rows.get(key)
        if row is None:
            row = ToplineWorkload(cluster=cluster, namespace=key[0], kind=key[1], name=key[2], hour=[])
            session.add(row)
        tenant = owners[key[0]]
        # Whoever owned the namespace before, their hour is theirs.
        before = row.hour if row.tenant_id == tenant else []
        row.tenant_id = tenant
        _take(row, before, figures, minute)


def _take(row: ToplineWorkload, before: Sequence[Sequence[float | None]], figures: Figures, minute: int) -> None:
    points = {int(point[0] or 0): list(point) for point in before}
    for at, one in figures.minutes.items():
        share = one.success
        points[at] = [at, round(one.total, 4), None if share is None else round(share, 5)]
    row.hour = [points[at] for at in sorted(points) if minute - MINUTES < at <= minute]
    last = max(figures.minutes)
    now = figures.minutes[last]
    row.seen_at = datetime.fromtimestamp(last * 60, UTC)
    row.requests, row.success, row.meshed = now.total, now.success, now.encrypted
    row.p50, row.p95, row.p99 = (figures.latencies.get(name) for name in ("p50", "p95", "p99"))


def forget(session: Session, now: datetime) -> None:
    """Remove what no proxy has counted anything of for an hour, on whichever cluster."""
    session.execute(delete(ToplineWorkload).where(ToplineWorkload.seen_at < now - HOUR))
