"""Proving a part of the audit trail at once: one ticket's chain, or those of the newest tickets within a time.

`meshdesk audit verify` proves all of it, however long that takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit, queries
from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.models import AuditChain, Event, Ticket

AT_ONCE = 200
SECONDS = 2.0
SEALS = 500


@dataclass(frozen=True)
class Seal:
    """The newest checkpoint: its number in the system's chain, its hash and when it was written."""

    number: int
    hash: str
    at: datetime


@dataclass(frozen=True)
class Proof:
    """What was verified, and what is wrong with it; `older` is the ticket below which nothing was looked at yet."""

    chains: int
    events: int
    faults: tuple[audit.Fault, ...]
    seal: Seal | None
    older: int | None = None


def prove_ticket(session: Session, ticket_id: int, *, by: Actor) -> Proof:
    """Verify a ticket's chain, its evidence, and what the newest seals remember of it; raises NotFound."""
    ticket = queries.ticket(session, ticket_id, by=by)
    return _proof(session, [ticket.id])


def prove_newest(session: Session, *, by: Actor, below: int | None = None) -> Proof:
    """Verify the chains of the newest tickets (of those with numbers below `below`), as many as the time allows.

    Raises Forbidden: what belongs to all tenants is for those who see everything.
    """
    rights.check(by, Action.VERIFY, "", tenant_id=None)
    numbers = select(Ticket.id).order_by(Ticket.id.desc()).limit(AT_ONCE + 1)
    chosen = session.scalars(numbers if below is None else numbers.where(Ticket.id < below)).all()
    until = time.monotonic() + SECONDS
    proof = _proof(session, takewhile(lambda _: time.monotonic() < until, chosen[:AT_ONCE]))
    return replace(proof, older=chosen[proof.chains - 1] if 0 < proof.chains < len(chosen) else None)


def _proof(session: Session, numbers: Iterable[int]) -> Proof:
    faults: list[audit.Fault] = []
    lengths: dict[str, int] = {}
    for number in numbers:
        name = f"MD-{number}"
        head = session.get(AuditChain, name)
        lengths[name] = 0 if head is None else head.length
        faults += audit.verify_chain(session, name)
    faults += audit.verify_newest_seals(session, lengths.keys(), most=SEALS)
    return Proof(len(lengths), sum(lengths.values()), tuple(faults), _newest_seal(session))


def _newest_seal(session: Session) -> Seal | None:
    query = select(Event).where(Event.chain == audit.SYSTEM_CHAIN, Event.type == audit.SEALED)
    found = session.scalar(query.order_by(Event.number.desc()).limit(1))
    return None if found is None else Seal(found.number, found.hash, found.happened_at)
