"""Selects of what the mesh really looks like, as workers last read it: workloads, tallies and findings.

Tenants see their own namespaces; those of no tenant operators and auditors alone. Nothing here changes a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.errors import Invalid
from portal.mesh.encryption import Standing
from portal.mesh.holes import LEFTOVERS
from portal.models import Namespace, PostureCluster, PostureHole, PostureWorkload, Tenant, Ticket
from portal.queries.encryption import Rows, Scope, Tally
from portal.states import TERMINAL, State

_H, _W = PostureHole, PostureWorkload
MOST = 1_000
"""So many findings are looked at where somebody makes tickets of all at once."""
_LEFT = tuple(sorted(LEFTOVERS))


@dataclass(frozen=True)
class Wanted:
    """Which findings, of those that somebody may see: of a scope, of a code, explained or not (None: both), and
    whether what is left over is meant instead of holes. `unmade` leaves out those of which a ticket was made that is
    not over."""

    scope: Scope = field(default_factory=Scope)
    code: str | None = None
    explained: bool | None = None
    leftovers: bool = False
    unmade: bool = False


@dataclass(frozen=True)
class Made:
    """The ticket that somebody made of a finding."""

    ref: str
    state: State

    @property
    def over(self) -> bool:
        """True where it asks for it no longer."""
        return self.state in TERMINAL


@dataclass(frozen=True)
class Finding:
    """One finding: the row, whose it is (None: of no tenant), live tickets that explain it in whole or in part as far
    as the looking person may know them, and the ticket that was made of it."""

    row: PostureHole
    tenant: str | None
    refs: tuple[str, ...] = ()
    made: Made | None = None

    @property
    def explained(self) -> bool:
        """True where live tickets explain all of it."""
        return self.row.unexplained_since is None


@dataclass(frozen=True)
class Line:
    """One workload as its pods show it, with whose it is and its holes."""

    row: PostureWorkload
    tenant: str | None
    holes: tuple[Finding, ...] = ()


def read_clusters(session: Session, clusters: Iterable[str]) -> Mapping[str, PostureCluster]:
    """The readings of these clusters' posture, by name; none of those that nobody has tried to read."""
    found = session.scalars(select(PostureCluster).where(PostureCluster.cluster.in_(list(clusters))))
    return {one.cluster: one for one in found}


def tallies(session: Session, scope: Scope, *, by: Actor) -> list[Tally]:
    """How the workloads of each namespace stand, by cluster and name; a namespace of no tenant has an empty one."""
    alike = (_W.cluster, _W.namespace, func.coalesce(Tenant.name, ""), _W.standing)
    query = _owned(select(*alike, func.count()).select_from(_W), _W, scope, by).group_by(*alike)
    counts: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for cluster, namespace, tenant, standing, count in session.execute(query):
        counts[cluster, namespace, tenant][standing] = count
    return [Tally(*place, **_numbers(found)) for place, found in sorted(counts.items())]


def _numbers(found: Mapping[str, int]) -> dict[str, Any]:
    return {word.value: found.get(word.value, 0) for word in Standing}


def unexplained_count(session: Session, scope: Scope, *, by: Actor) -> int:
    """How many holes that the actor may see no live ticket explains."""
    wanted = Wanted(scope, explained=False)
    query = _owned(select(func.count()).select_from(_H), _H, scope, by).where(*_meant(wanted))
    return session.scalar(query) or 0


def open_workloads(session: Session, *, by: Actor) -> int | None:
    """How many workloads (and namespaces) that the actor may see have holes that no ticket explains.

    None where workers have read no posture yet.
    """
    if session.scalar(select(PostureCluster.cluster).where(PostureCluster.seen_at.is_not(None)).limit(1)) is None:
        return None
    named = select(_H.cluster, _H.namespace, _H.kind, _H.name).select_from(_H).distinct()
    found = _owned(named, _H, Scope(), by).where(*_meant(Wanted(explained=False))).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def counts_by_code(session: Session, wanted: Wanted, *, by: Actor) -> dict[str, int]:
    """How many findings there are of each code, most first."""
    query = _owned(select(_H.code, func.count()).select_from(_H), _H, wanted.scope, by).where(*_meant(wanted))
    rows = session.execute(query.group_by(_H.code)).all()
    return dict(sorted(rows, key=lambda row: (-row[1], row[0])))


def findings(session: Session, wanted: Wanted, *, by: Actor, after: int | None, limit: int) -> list[Finding]:
    """Findings that are still there, unexplained and oldest first, after the one with a number.

    Raises Invalid where there is no such finding any more.
    """
    key = (case((_H.unexplained_since.is_(None), 1), else_=0), _since(), _H.id)
    query = _owned(select(_H, Tenant.name).select_from(_H), _H, wanted.scope, by).where(*_meant(wanted))
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*_key_of(session, select(*key).where(_H.id == after))))
    return _found(session, session.execute(query.order_by(*key).limit(limit)).all(), by)


def finding(session: Session, number: int, *, by: Actor) -> Finding | None:
    """One finding, gone or not; None alike for unknown ones and others'."""
    query = _owned(select(_H, Tenant.name).select_from(_H), _H, Scope(), by).where(_H.id == number)
    return next(iter(_found(session, session.execute(query).all(), by)), None)


def lines(session: Session, scope: Scope, *, by: Actor, after: int | None, limit: int) -> list[Line]:
    """Workloads in the order of their names, after the one with a number, each with its holes."""
    key = (_W.cluster, _W.namespace, _W.kind, _W.name)
    query = _owned(select(_W, Tenant.name).select_from(_W), _W, scope, by)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*_key_of(session, select(*key).where(_W.id == after))))
    rows = session.execute(query.order_by(*key).limit(limit)).all()
    holes = _holes_of(session, [row for row, _ in rows], by)
    return [Line(row, tenant, tuple(holes[row.cluster, row.namespace, row.kind, row.name])) for row, tenant in rows]


def _holes_of(session: Session, rows: Sequence[PostureWorkload], by: Actor) -> Mapping[Any, list[Finding]]:
    there = [(row.cluster, row.namespace, row.kind, row.name) for row in rows]
    query = _owned(select(_H, Tenant.name).select_from(_H), _H, Scope(), by)
    standing = tuple_(_H.cluster, _H.namespace, _H.kind, _H.name).in_(there)
    found: dict[Any, list[Finding]] = defaultdict(list)
    asked = query.where(_H.gone_at.is_(None), standing).order_by(_H.id)
    for one in _found(session, session.execute(asked).all() if there else (), by):
        found[one.row.cluster, one.row.namespace, one.row.kind, one.row.name].append(one)
    return found


def _since() -> ColumnElement[Any]:
    return func.coalesce(_H.unexplained_since, _H.first_seen_at)


def _key_of(session: Session, query: Rows) -> Sequence[Any]:
    key = session.execute(query).one_or_none()
    if key is None:
        raise Invalid({"cursor": ["What this list went on from is gone: begin anew at its first page."]})
    return tuple(key)


def _owned(query: Rows, of: type[PostureHole | PostureWorkload], scope: Scope, by: Actor) -> Rows:
    here = and_(Namespace.cluster == of.cluster, Namespace.name == of.namespace)
    owner = and_(Tenant.id == Namespace.tenant_id, Tenant.active)
    return query.outerjoin(Namespace, here).outerjoin(Tenant, owner).where(*_seen(of, scope, by))


def _seen(of: type[PostureHole | PostureWorkload], scope: Scope, by: Actor) -> Iterator[ColumnElement[bool]]:
    if not by.sees_everything:
        yield Tenant.id.in_(by.tenant_ids)
    wanted = ((of.cluster, scope.cluster), (of.namespace, scope.namespace), (Tenant.name, scope.tenant))
    yield from (column == value for column, value in wanted if value is not None)


def _meant(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield _H.gone_at.is_(None)
    yield _H.code.in_(_LEFT) if wanted.leftovers else _H.code.not_in(_LEFT)
    if wanted.code is not None:
        yield _H.code == wanted.code
    if wanted.explained is not None:
        yield _H.unexplained_since.is_(None) if wanted.explained else _H.unexplained_since.is_not(None)
    if wanted.unmade:
        over = select(Ticket.id).where(Ticket.state.in_(TERMINAL))
        yield or_(_H.ticket_id.is_(None), _H.ticket_id.in_(over))


def _found(session: Session, rows: Iterable[Any], by: Actor) -> list[Finding]:
    pairs = [(row, tenant) for row, tenant in rows]
    numbers = {int(number) for row, _ in pairs for number in (*row.tickets, row.ticket_id) if number is not None}
    query = select(Ticket.id, Ticket.tenant_id, Ticket.state).where(Ticket.id.in_(numbers))
    known = {one.id: Made(f"MD-{one.id}", one.state) for one in _rows(session, query) if by.sees(one.tenant_id)}
    return [
        Finding(row, tenant, _refs(row, known), None if row.ticket_id is None else known.get(row.ticket_id))
        for row, tenant in pairs
    ]


def _refs(row: PostureHole, known: Mapping[int, Made]) -> tuple[str, ...]:
    return tuple(known[number].ref for number in map(int, row.tickets) if number in known)


def _rows(session: Session, query: Rows) -> Sequence[Any]:
    return session.execute(query).all()
