"""Selects of notices and of how their deliveries went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.models import Delivery, Notice

WAITING = and_(Delivery.delivered_at.is_(None), Delivery.given_up_at.is_(None), Delivery.no_channel_at.is_(None))
STATES: dict[str, ColumnElement[bool]] = {
    "waiting": WAITING,
    "delivered": Delivery.delivered_at.is_not(None),
    "given-up": Delivery.given_up_at.is_not(None),
    "no-channel": Delivery.no_channel_at.is_not(None),
}


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries; what is None does not restrict."""

    state: str | None = None
    channel: str | None = None
    ticket_id: int | None = None


@dataclass(frozen=True)
class Backlog:
    """Deliveries that are to arrive and did not yet, since when the oldest is due, and how many were given up."""

    waiting: int
    oldest: datetime | None
    given_up: int


def state_of(delivery: Delivery) -> str:
    """How a delivery stands: a key of STATES."""
    if delivery.delivered_at is not None:
        return "delivered"
    if delivery.given_up_at is not None:
        return "given-up"
    return "waiting" if delivery.no_channel_at is None else "no-channel"


def deliveries(session: Session, wanted: DeliveryFilter, *, before: int | None, limit: int) -> Sequence[Delivery]:
    """A page of deliveries, newest first, with numbers below `before`; one more than `limit` when there are more."""
    query = select(Delivery).join(Notice, Notice.id == Delivery.notice_id).options(joinedload(Delivery.notice))
    if before is not None:
        query = query.where(Delivery.id < before)
    if wanted.state is not None:
        query = query.where(STATES[wanted.state])
    if wanted.channel is not None:
        query = query.where(Delivery.channel == wanted.channel)
    if wanted.ticket_id is not None:
        query = query.where(Notice.ticket_id == wanted.ticket_id)
    return session.scalars(query.order_by(Delivery.id.desc()).limit(limit + 1)).all()


def told(session: Session, ticket_id: int) -> Sequence[tuple[Notice, list[Delivery]]]:
    """The notices of a ticket, oldest first, each with its deliveries by recipient."""
    notices = session.scalars(select(Notice).where(Notice.ticket_id == ticket_id).order_by(Notice.id)).all()
    query = select(Delivery).where(Delivery.notice_id.in_([one.id for one in notices]))
    found: dict[int, list[Delivery]] = {one.id: [] for one in notices}
    for delivery in session.scalars(query.order_by(Delivery.recipient, Delivery.channel)):
        found[delivery.notice_id].append(delivery)
    return [(notice, found[notice.id]) for notice in notices]


def backlog(session: Session, *, now: datetime) -> Backlog:
    """What `/metrics` tells; what waits for the hour of its digest does not count, nothing is late with it."""
    on_its_way = and_(WAITING, or_(Delivery.digest.is_(False), Delivery.sent_as.is_not(None)))
    # A pause between tries moves `due_at` on: how long somebody waits counts from the notice.
    query = select(func.count(Delivery.id), func.min(Notice.created_at)).join_from(Delivery, Notice)
    waiting, oldest = session.execute(query.where(on_its_way, Notice.created_at <= now)).one()
    given_up = session.scalar(select(func.count()).select_from(Delivery).where(STATES["given-up"])) or 0
    return Backlog(waiting, oldest, given_up)
