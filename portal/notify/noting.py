"""Noting: from an event of a ticket to notices and their deliveries, in the transaction of the event.

`moving.testify` calls it. Nothing is sent here: workers send what is due (`portal/notify/delivering.py`), so a mail
server that is away holds no verb up and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import outbox, queries
from portal.access.actor import Actor
from portal.models import Delivery, Event, Notice, Person, Tenant, Ticket
from portal.notify.audience import Audience, Occasion
from portal.notify.occasions import TOLD, Telling, Words
from portal.notify.sorts import PERSONAL, URGENT, Sort
from portal.queries import people

# The channels that every channels file may have: people's own address, and the operators' common one.
OWN, OPERATORS = "mail", "operators"
NO_ADDRESS = "No mail address of theirs is known."


def note(session: Session, ticket: Ticket, event: Event, *, by: Actor) -> None:
    """Keep what people are to be told of an event; each is told once, and nobody of what they did themselves."""
    occasion = Occasion(session, ticket, event, by)
    told: set[int] = set()
    for telling in TOLD.get(event.type, ()):
        if telling.when(occasion):
            told |= _tell(occasion, telling, told)


def _tell(occasion: Occasion, telling: Telling, told: set[int]) -> set[int]:
    session, now = occasion.session, occasion.event.happened_at
    key = telling.once(occasion) if telling.once else f"{occasion.event.chain}:{occasion.event.number}:{telling.sort}"
    found = telling.whom(occasion)
    nobody = not found.names and not found.operators
    if nobody or session.scalar(select(Notice.id).where(Notice.key == key)) is not None:
        return set()
    notice = Notice(
        key=key,
        sort=telling.sort,
        ticket_id=occasion.ticket.id,
        tenant_id=occasion.ticket.tenant_id,
        created_at=now,
        data=_data(occasion, telling),
    )
    people = [one for one in _may_know(occasion, found.names) if one.id not in told]
    deliveries = [*_to_people(people, telling.sort, now), *_to_channels(occasion, telling.sort, found)]
    if not deliveries:
        return set()
    # How deliveries went is forgotten in time; who was told is not.
    notice.data["told"] = sorted({one.recipient for one in deliveries})
    _send(session, notice, deliveries, now)
    return {person.id for person in people}


def tell_operators(session: Session, key: str, sort: Sort, data: dict[str, Any], *, now: datetime) -> None:
    """Keep what the operators are to be told of no ticket, once for each `key`; `data` has the words of `_data`."""
    if session.scalar(select(Notice.id).where(Notice.key == key)) is not None:
        return
    found = people.operators(session)
    channel = Delivery(channel=OPERATORS, recipient=OPERATORS, digest=False, sent_as=uuid4().hex, due_at=now)
    deliveries = [*_to_people(found, sort, now), channel]
    told = sorted({one.recipient for one in deliveries})
    _send(session, Notice(key=key, sort=sort, created_at=now, data={**data, "told": told}), deliveries, now)


def _data(occasion: Occasion, telling: Telling) -> dict[str, Any]:
    ticket = occasion.ticket
    by = None if occasion.by.person_id is None else occasion.by.name
    return {
        "ref": ticket.ref,
        "kind": ticket.kind,
        "tenant": occasion.session.get_one(Tenant, ticket.tenant_id).name,
        "cluster": ticket.cluster,
        "namespace": ticket.namespace,
        "by": by,
        "headline": _said(telling.headline, occasion),
        "next": _said(telling.next, occasion),
    }


def _said(words: Words, occasion: Occasion) -> str:
    return words if isinstance(words, str) else words(occasion)


def _may_know(occasion: Occasion, names: Iterable[str]) -> list[Person]:
    """The active people of these names who see the ticket, but who acts; an owner in the place of their service."""
    session = occasion.session
    rows = session.scalars(select(Person).where(Person.name.in_(names)))
    ids = {person.owner_id or person.id for person in rows} - {occasion.by.person_id}
    see = queries.people_who_see(session, occasion.ticket)
    query = select(Person).where(Person.id.in_(ids), Person.may_act, Person.name.in_(see))
    return list(session.scalars(query.order_by(Person.name)))


def _to_people(people: Iterable[Person], sort: Sort, now: datetime) -> Iterable[Delivery]:
    for person in people:
        if sort in URGENT or sort not in person.muted:
            known = bool(person.email)
            digest = person.digest and sort not in URGENT
            yield Delivery(
                channel=OWN,
                recipient=person.name,
                person_id=person.id,
                digest=digest,
                sent_as=None if digest else uuid4().hex,
                due_at=now,
                no_channel_at=None if known else now,
                problem=None if known else NO_ADDRESS,
            )


def _to_channels(occasion: Occasion, sort: Sort, found: Audience) -> Iterable[Delivery]:
    tenant = occasion.session.get_one(Tenant, occasion.ticket.tenant_id)
    told = {} if sort in PERSONAL else dict.fromkeys(map(str, tenant.channels), tenant.name)
    if found.operators:
        told[OPERATORS] = OPERATORS
    for channel, recipient in told.items():
        at = occasion.event.happened_at
        yield Delivery(channel=channel, recipient=recipient, digest=False, sent_as=uuid4().hex, due_at=at)


def _send(session: Session, notice: Notice, deliveries: list[Delivery], now: datetime) -> None:
    session.add(notice)
    session.flush()
    for delivery in deliveries:
        delivery.notice_id = notice.id
    session.add_all(deliveries)
    session.flush()
    # Digests are called for by the sweep, when their hour has come.
    for channel in {one.channel for one in deliveries if not one.digest and one.no_channel_at is None}:
        outbox.ask_notify(session, channel, now=now)
