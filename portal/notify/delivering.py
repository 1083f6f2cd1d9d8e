"""Delivering: claim what is due by a channel, send it (elsewhere, with no transaction open), settle how it went.

A worker that dies between sending and settling leaves its claim to run out; the next one sends the same again under the
same `sent_as`, by which receivers know repeats.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session, contains_eager, selectinload

from portal import outbox
from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import NotFound, WrongState
from portal.models import Delivery, Notice, Person
from portal.queries.notices import WAITING

# Longer than any send may take: each step of one has a timeout of seconds.
LEASE = timedelta(minutes=3)
BACKOFF_AT_LEAST, BACKOFF_AT_MOST = timedelta(seconds=10), timedelta(hours=1)
# With pauses that double up to an hour, so many tries take three days.
TRIES = 80
KEEP = timedelta(days=30)


@dataclass(frozen=True)
class Parcel:
    """What one send carries: one delivery, or all those of a person's digest; `notices` in the order that they came.

    `sent_as` is the same at each try, `email` the person's own address (None: a channel's, or none is known).
    """

    token: str
    sent_as: str
    channel: str
    recipient: str
    email: str | None
    attempts: int
    notices: tuple[Notice, ...]
    digest: bool


def digest_moment(now: datetime, hour: int) -> datetime:
    """The last time, up to now, that digests went out; `hour` is of the day in UTC."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


def due(now: datetime, digest_hour: int) -> ColumnElement[bool]:
    """The condition for deliveries that are to be sent now and that no worker sends yet."""
    free = or_(Delivery.claim_until.is_(None), Delivery.claim_until <= now)
    started = Delivery.sent_as.is_not(None) & (Delivery.due_at <= now)
    its_hour = Delivery.sent_as.is_(None) & (Delivery.due_at <= digest_moment(now, digest_hour))
    return and_(WAITING, free, or_(started, its_hour))


def due_channels(session: Session, *, now: datetime, digest_hour: int) -> Sequence[str]:
    """The channels by which something is due."""
    return session.scalars(select(Delivery.channel).where(due(now, digest_hour)).distinct()).all()


def claim(session: Session, channel: str, *, now: datetime, digest_hour: int) -> Parcel | None:
    """Take what is longest due by a channel; None when nothing is, or another worker was quicker with it."""
    condition = and_(Delivery.channel == channel, due(now, digest_hour))
    first = session.scalar(select(Delivery).where(condition).order_by(Delivery.due_at, Delivery.id).limit(1))
    if first is None:
        return None
    token, sent_as = secrets.token_hex(16), first.sent_as or uuid4().hex
    together = and_(condition, _together(first))
    session.execute(
        update(Delivery)
        .where(together)
        .values(claim_token=token, claim_until=now + LEASE, sent_as=sent_as)
        .execution_options(synchronize_session=False)
    )
    return _parcel(session, token)


def _together(first: Delivery) -> ColumnElement[bool]:
    """What goes out in one message: what did at the first try, or all that a person's digest holds by now."""
    if first.sent_as is not None:
        return Delivery.sent_as == first.sent_as
    return and_(Delivery.digest, Delivery.person_id == first.person_id, Delivery.sent_as.is_(None))


def _parcel(session: Session, token: str) -> Parcel | None:
    query = (
        select(Delivery)
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(Delivery.claim_token == token)
        .options(contains_eager(Delivery.notice))
        .order_by(Delivery.notice_id)
        .execution_options(populate_existing=True)
    )
    rows = session.scalars(query).all()
    if not rows:
        return None
    one = rows[0]
    person = None if one.person_id is None else session.get_one(Person, one.person_id)
    return Parcel(
        token,
        str(one.sent_as),
        one.channel,
        one.recipient,
        None if person is None else person.email,
        one.attempts,
        tuple(row.notice for row in rows),
        one.digest,
    )


def settle_delivered(session: Session, parcel: Parcel, *, now: datetime) -> None:
    """It arrived. What waits out its pause by the same channel need not any longer when this one had failed before."""
    _settle(session, parcel, delivered_at=now, problem=None, attempts=parcel.attempts + 1)
    if parcel.attempts:
        others = (Delivery.channel == parcel.channel, WAITING, Delivery.attempts > 0, Delivery.due_at > now)
        session.execute(update(Delivery).where(*others).values(due_at=now))


def settle_failed(session: Session, parcel: Parcel, *, problem: str, now: datetime) -> None:
    """It did not arrive; `problem` holds no secrets. Tried again ever more seldom, given up after about three days."""
    attempts = parcel.attempts + 1
    pause = min(BACKOFF_AT_LEAST * (1 << min(attempts - 1, 12)), BACKOFF_AT_MOST)
    given_up = now if attempts >= TRIES else None
    _settle(session, parcel, problem=problem, attempts=attempts, due_at=now + pause, given_up_at=given_up)


def settle_no_channel(session: Session, parcel: Parcel, *, problem: str, now: datetime) -> None:
    """There is nowhere to send it to: kept as such, and no error."""
    _settle(session, parcel, no_channel_at=now, problem=problem)


def _settle(session: Session, parcel: Parcel, **values: Any) -> None:
    # Without effect once the claim ran out and another worker took it: that one settles.
    mine = update(Delivery).where(Delivery.claim_token == parcel.token)
    session.execute(mine.values(claim_token=None, claim_until=None, **values))


def retry(session: Session, delivery_id: int, *, by: Actor, now: datetime) -> Delivery:
    """Have a delivery that did not arrive sent again, now; raises Forbidden, NotFound, WrongState (it arrived)."""
    rights.check(by, Action.RETRY_DELIVERY, "", tenant_id=None)
    query = select(Delivery).where(Delivery.id == delivery_id).options(selectinload(Delivery.notice)).with_for_update()
    delivery = session.scalar(query.execution_options(populate_existing=True))
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}: GET /deliveries lists those that there are.")
    if delivery.delivered_at is not None:
        raise WrongState(f"Delivery {delivery_id} arrived at {delivery.delivered_at:%Y-%m-%d %H:%M} UTC.")
    delivery.given_up_at = delivery.no_channel_at = delivery.problem = None
    delivery.attempts, delivery.due_at = 0, now
    delivery.sent_as = delivery.sent_as or uuid4().hex
    outbox.ask_notify(session, delivery.channel, now=now)
    return delivery


def forget(session: Session, *, now: datetime) -> None:
    """Remove deliveries that arrived, or had nowhere to go, a month ago; their notices stay with the tickets."""
    before = now - KEEP
    session.execute(delete(Delivery).where(or_(Delivery.delivered_at < before, Delivery.no_channel_at < before)))
