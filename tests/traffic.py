"""Rows of traffic for the tests of API, pages and commands: as workers would have written them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.db import Database, database_now
from portal.models import Namespace, ToplineCluster, ToplineWorkload


def put(database: Database, place: tuple[str, str], name: str, **figures: Any) -> None:
    """Figures of a workload (a Deployment unless `kind` says otherwise) at the last minute; `hour` is by `hour_of`."""
    cluster, namespace = place
    with database.unit_of_work() as session:
        at = database_now(session).replace(second=0, microsecond=0)
        if session.get(ToplineCluster, cluster) is None:
            session.add(ToplineCluster(cluster=cluster, tried_at=at, seen_at=at, source="platform"))
        owner = session.scalars(select(Namespace).filter_by(cluster=cluster, name=namespace)).one()
        own: dict[str, Any] = {"kind": "deployment", "requests": 10.0, "success": 1.0, "meshed": 1.0, "seen_at": at}
        hour = figures.pop("hour", [(10.0, 1.0)] * 60)
        minute = int(at.timestamp()) // 60
        points = [[minute - len(hour) + 1 + number, *one] for number, one in enumerate(hour)]
        where = {"cluster": cluster, "namespace": namespace, "name": name, "tenant_id": owner.tenant_id}
        session.add(ToplineWorkload(**where, **{**own, **figures}, hour=points))


def told(database: Database, cluster: str, problem: str | None, *, age: timedelta | None = None, **more: Any) -> None:
    """What workers know of a cluster; `age` is how old its figures are, None that there are none."""
    with database.unit_of_work() as session:
        now = database_now(session)
        row = session.get(ToplineCluster, cluster) or ToplineCluster(cluster=cluster)
        session.add(row)
        row.tried_at, row.problem = now, problem
        row.seen_at = None if age is None else now - age
        for name, value in more.items():
            setattr(row, name, value)


def failing(minutes: int) -> Sequence[tuple[float, float | None]]:
    """An hour in whose last minutes a quarter of the requests fails."""
    return [(15.0, 1.0)] * (60 - minutes) + [(20.0, 0.75)] * minutes
