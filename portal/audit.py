"""The audit trail: events in hash chains, written in the transaction of what they tell. docs/audit.md has the bytes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import AuditChain, Event, Evidence

SYSTEM_CHAIN = "system"
SEALED = "audit:sealed"
START = "0" * 64


def canonical(value: Any) -> bytes:
    """The bytes that are hashed: UTF-8 JSON, keys sorted, no spaces, no floats."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def sha256(data: bytes) -> str:
    """The hex digest used everywhere in the trail."""
    return hashlib.sha256(data).hexdigest()


def event_hash(event: Event) -> str:
    """The hash of one event over everything in it but the payload, which counts by its digest."""
    return sha256(
        canonical(
            {
                "actor": event.actor,
                "chain": event.chain,
                "happened_at": event.happened_at.isoformat(timespec="microseconds"),
                "number": event.number,
                "payload_digest": event.payload_digest,
                "previous": event.previous,
                "type": event.type,
            }
        )
    )


@dataclass(frozen=True)
class Deed:
    """What happened (`subject:action`), by whom, and what is to be known of it; the payload holds no floats."""

    type: str
    actor: str
    payload: dict[str, Any]


def record(session: Session, chain: str, deed: Deed, *, now: datetime) -> Event:
    """Append one event to a chain."""
    head = session.scalar(
        select(AuditChain).where(AuditChain.name == chain).with_for_update().execution_options(populate_existing=True)
    )
    if head is None:
        head = AuditChain(name=chain, length=0, head=START, sealed=0)
        session.add(head)
        # The event below refers to this row by its key, and the unit of work cannot know that.
        session.flush()
    event = Event(
        chain=chain,
        number=head.length + 1,
        happened_at=now,
        type=deed.type,
        actor=deed.actor,
        payload=deed.payload,
        payload_digest=sha256(canonical(deed.payload)),
        previous=head.head,
    )
    event.hash = event_hash(event)
    _advance(session, head, event)
    return event


def _advance(session: Session, head: AuditChain, event: Event) -> None:
    head.length, head.head = event.number, event.hash
    session.add(event)
    session.flush()


def seal(session: Session, *, actor: str, now: datetime) -> Event | None:
    """Write the heads of every chain that grew into the system's chain, so that no whole tail can vanish."""
    grown = list(
        session.scalars(
            select(AuditChain).where(AuditChain.length > AuditChain.sealed, AuditChain.name != SYSTEM_CHAIN)
        )
    )
    if not grown:
        return None
    heads = {chain.name: {"length": chain.length, "head": chain.head} for chain in grown}
    for chain in grown:
        chain.sealed = chain.length
    return record(session, SYSTEM_CHAIN, Deed(SEALED, actor, {"heads": heads}), now=now)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with the trail."""

    chain: str
    number: int
    sentence: str


def verify(session: Session, chain: str | None = None) -> Iterator[Fault]:
    """Every fault of one chain or of all: events, the evidence that they tell of, heads that seals remember."""
    names = select(AuditChain.name, AuditChain.length, AuditChain.head).order_by(AuditChain.name)
    for name, length, head in session.execute(names if chain is None else names.where(AuditChain.name == chain)):
        yield from _verify_chain(session, name, length, head)
        yield from _verify_evidence(session, name, length)
    yield from _verify_seals(session, chain)


def verify_chain(session: Session, name: str) -> Iterator[Fault]:
    """Every fault of one chain by itself: its events, and the evidence that they tell of."""
    head = session.get(AuditChain, name)
    if head is None:
        yield Fault(name, 0, "the whole chain is missing")
        return
    yield from _verify_chain(session, name, head.length, head.head)
    yield from _verify_evidence(session, name, head.length)


def verify_newest_seals(session: Session, names: Collection[str], *, most: int) -> Iterator[Fault]:
    """What differs of these chains from what the newest seals remember, and whether those are a chain themselves."""
    query = select(Event).where(Event.chain == SYSTEM_CHAIN).order_by(Event.number.desc()).limit(most)
    after: Event | None = None
    for event in session.scalars(query):
        if event_hash(event) != event.hash or (after is not None and after.previous != event.hash):
            yield Fault(SYSTEM_CHAIN, event.number, "the event was changed")
        after = event
        for name, head in _heads(event).items():
            if name in names and not _holds(session, name, head):
                yield Fault(name, head["length"], f"differs from what seal {event.number} remembers")


def _heads(event: Event) -> dict[str, dict[str, Any]]:
    """The heads that a seal remembers; of other events, and of seals without their payload, none."""
    found: dict[str, dict[str, Any]] = (event.payload or {}).get("heads", {}) if event.type == SEALED else {}
    return found


def _verify_chain(session: Session, name: str, length: int, head: str) -> Iterator[Fault]:
    previous, number = START, 0
    for event in session.scalars(select(Event).where(Event.chain == name).order_by(Event.number)):
        number += 1
        if event.number != number or event.previous != previous:
            yield Fault(name, event.number, "an event before this one is missing or was changed")
            number = event.number
        if event.payload is not None and sha256(canonical(event.payload)) != event.payload_digest:
            yield Fault(name, event.number, "the payload was changed")
        if event_hash(event) != event.hash:
            yield Fault(name, event.number, "the event was changed")
        previous = event.hash
    if (number, previous) != (length, head):
        yield Fault(name, length, "the end of the chain is missing or was changed")


def _verify_evidence(session: Session, name: str, length: int) -> Iterator[Fault]:
    # A row that retention removed went together with its event's payload.
    number = name.removeprefix("MD-")
    if not number.isdecimal():
        return
    kept = select(Evidence).where(Evidence.ticket_id == int(number)).order_by(Evidence.id)
    rows = Counter((f"evidence:{row.kind}", _digest_told(row)) for row in session.scalars(kept))
    told = select(Event).where(Event.chain == name, Event.type.startswith("evidence:"))
    for event in session.scalars(told.order_by(Event.number)):
        if rows[event.type, event.payload_digest]:
            rows[event.type, event.payload_digest] -= 1
        elif event.payload is not None:
            yield Fault(name, event.number, "the evidence that this event tells of is missing or was changed")
    if rows.total():
        yield Fault(name, length, "there is evidence that no event tells of")


def _digest_told(row: Evidence) -> str:
    return sha256(canonical(evidence_payload(row.data)))


def evidence_payload(data: dict[str, Any]) -> dict[str, Any]:
    """What an `evidence:*` event says of its row: the digest of what was seen."""
    return {"digest": sha256(canonical(data))}


def _verify_seals(session: Session, chain: str | None) -> Iterator[Fault]:
    seals = select(Event).where(Event.chain == SYSTEM_CHAIN, Event.type == SEALED, Event.payload.is_not(None))
    for event in session.scalars(seals.order_by(Event.number)):
        for name, head in (event.payload or {})["heads"].items():
            if chain in (None, name) and not _holds(session, name, head):
                yield Fault(name, head["length"], f"differs from what seal {event.number} remembers")


def _holds(session: Session, name: str, head: dict[str, Any]) -> bool:
    found = session.scalar(select(Event.hash).where(Event.chain == name, Event.number == head["length"]))
    return bool(found == head["head"])
