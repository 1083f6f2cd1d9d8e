"""Selects of how far workloads were encrypted over time: as many points as a picture has, whatever was counted.

Each reading of a cluster counts all its tenants at one instant, so the last reading of each span stands for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, cast, extract, func, select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.models import PostureCount, Tenant
from portal.queries.encryption import Scope

_C = PostureCount
COUNTED = ("encrypted", "partly", "unmeshed", "holes", "unexplained")
CARRIED = 2
"""For so many spans a cluster that was not read counts as it was; then the picture has a gap."""


@dataclass(frozen=True)
class Span:
    """How far a trend goes back and in which steps."""

    back: timedelta
    step: timedelta
    words: str


SPANS = {
    "day": Span(timedelta(days=1), timedelta(minutes=15), "24 hours"),
    "week": Span(timedelta(days=7), timedelta(hours=2), "7 days"),
    "quarter": Span(timedelta(days=90), timedelta(days=1), "90 days"),
}


@dataclass(frozen=True)
class Point:
    """How the workloads stood at the end of a span."""

    at: datetime
    encrypted: int = 0
    partly: int = 0
    unmeshed: int = 0
    holes: int = 0
    unexplained: int = 0

    @property
    def total(self) -> int:
        """All workloads."""
        return self.encrypted + self.partly + self.unmeshed


def trend(session: Session, scope: Scope, span: Span, *, by: Actor, now: datetime) -> list[Point]:
    """The points of a trend, oldest first; spans in which a cluster was not read for long have none.

    A scope's namespace is not counted apart: its cluster and tenant are.
    """
    step = int(span.step.total_seconds())
    first, last = int((now - span.back).timestamp()) // step + 1, int(now.timestamp()) // step
    series = _series(session, scope, by, (first - CARRIED, step))
    points = []
    for number in range(first, last + 1):
        found = [_at(one, number) for one in series.values()]
        if None not in found and any(found):
            at = min(datetime.fromtimestamp((number + 1) * step, UTC), now)
            points.append(Point(at, **{name: sum(one[name] for one in found if one) for name in COUNTED}))
    return points


Counts = Mapping[str, int]


def _at(readings: Mapping[int, Counts], number: int) -> Counts | None:
    """What a cluster counted in a span or shortly before; {} before its first reading and after its last."""
    for earlier in range(number, number - CARRIED - 1, -1):
        if earlier in readings:
            return readings[earlier]
    return None if min(readings) < number < max(readings) else {}


def _series(session: Session, scope: Scope, by: Actor, since: tuple[int, int]) -> Mapping[str, Mapping[int, Counts]]:
    first, step = since
    # As a date's own text on SQLite and as a time on PostgreSQL.
    number = cast(func.floor(extract("epoch", _C.at) / step), Integer)
    seen = [*_seen(scope, by), _C.at >= datetime.fromtimestamp(first * step, UTC)]
    ends = select(_C.cluster, number.label("number"), func.max(_C.at).label("at")).where(*seen)
    last = ends.outerjoin(Tenant, Tenant.id == _C.tenant_id).group_by(_C.cluster, number).subquery()
    sums: list[ColumnElement[Any]] = [func.sum(getattr(_C, name)).label(name) for name in COUNTED]
    query = (
        select(last.c.cluster, last.c.number, *sums)
        .join(_C, and_(_C.cluster == last.c.cluster, _C.at == last.c.at))
        .outerjoin(Tenant, Tenant.id == _C.tenant_id)
        .where(*_seen(scope, by))
        .group_by(last.c.cluster, last.c.number)
    )
    found: dict[str, dict[int, Counts]] = defaultdict(dict)
    for row in session.execute(query).mappings():
        found[row["cluster"]][row["number"]] = {name: int(row[name]) for name in COUNTED}
    return found


def _seen(scope: Scope, by: Actor) -> Iterator[ColumnElement[bool]]:
    if not by.sees_everything:
        yield _C.tenant_id.in_(by.tenant_ids)
    if scope.cluster is not None:
        yield _C.cluster == scope.cluster
    if scope.tenant is not None:
        yield Tenant.name == scope.tenant
