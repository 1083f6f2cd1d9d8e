"""Selects of open windows: those that end soonest first, those that are late, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from portal.access.actor import Actor
from portal.models import Cluster, Tenant, Ticket
from portal.queries.grants import OPEN
from portal.queries.metrics import PROMISED
from portal.queries.tickets import LIVE, WHOLE, visible
from portal.states import State

_END = case((Ticket.state == State.REVERTING, Ticket.ended_at), else_=Ticket.expires_at)
After = tuple[datetime | None, int]


@dataclass(frozen=True)
class Wanted:
    """Which windows, of those that somebody may see at a time; None does not restrict."""

    by: Actor
    now: datetime
    tenant: str | None = None
    cluster: str | None = None
    kind: str | None = None


def windows(session: Session, wanted: Wanted, *, after: After | None, limit: int) -> Sequence[Ticket]:
    """Windows that are open, or still being undone, and not late: by end, those without one last."""
    query = select(Ticket).where(*_fits(wanted), not_(_late(wanted.now))).options(*WHOLE)
    if after is not None:
        query = query.where(_later(*after))
    return session.scalars(query.order_by(_END.is_(None), _END, Ticket.id).limit(limit)).all()


def end_of(ticket: Ticket) -> datetime | None:
    """By which instant `windows` has it in its order."""
    return ticket.ended_at if ticket.state is State.REVERTING else ticket.expires_at


def late(session: Session, wanted: Wanted, *, limit: int) -> Sequence[Ticket]:
    """Windows that are open past their end, or that cannot be undone: the longest late first."""
    return session.scalars(_whole(wanted).where(_late(wanted.now)).order_by(_END, Ticket.id).limit(limit)).all()


def count(session: Session, wanted: Wanted) -> tuple[int, int]:
    """How many windows there are that are not late, and how many are."""
    is_late = case((_late(wanted.now), 1), else_=0)
    query = select(func.count().label("total"), func.coalesce(func.sum(is_late), 0).label("late")).select_from(Ticket)
    found = session.execute(query.where(*_fits(wanted))).one()
    return found.total - found.late, found.late


def _whole(wanted: Wanted) -> Select[Ticket]:
    return select(Ticket).where(*_fits(wanted)).options(*WHOLE)


def _fits(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    # An index leads from cluster and state to these few; by their tenants alone, all tickets would be read.
    one = aliased(Ticket)
    there = one.cluster.in_(select(Cluster.name)) if wanted.cluster is None else one.cluster == wanted.cluster
    yield Ticket.id.in_(select(one.id).where(there, one.state.in_(OPEN)))
    yield or_(LIVE, Ticket.state == State.REVERTING)
    if (condition := visible(wanted.by)) is not None:
        yield condition
    if wanted.tenant is not None:
        yield Ticket.tenant_id.in_(select(Tenant.id).where(Tenant.name == wanted.tenant))
    if wanted.kind is not None:
        yield Ticket.kind == wanted.kind


def _late(now: datetime) -> ColumnElement[bool]:
    # A null would make `not late` null too.
    promised = now - PROMISED
    open_ = and_(LIVE, Ticket.expires_at.is_not(None), func.coalesce(Ticket.expires_at, now) < promised)
    hindered = and_(Ticket.problem.is_not(None), func.coalesce(Ticket.ended_at, now) < promised)
    return or_(open_, and_(Ticket.state == State.REVERTING, hindered))


def _later(end: datetime | None, number: int) -> ColumnElement[bool]:
    if end is None:
        return and_(_END.is_(None), Ticket.id > number)
    return or_(_END.is_(None), _END.op(">")(end), and_(_END.op("=")(end), Ticket.id > number))
