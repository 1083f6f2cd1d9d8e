"""Delegation for absence: a person leaves their decisions in one tenant to another, for a while."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from portal import audit
from portal.access import rights
from portal.access.actor import Actor, Scope
from portal.access.rights import Action, need_scope
from portal.durations import words
from portal.errors import Forbidden, Invalid, NotFound, WrongState
from portal.models import Delegation, Membership, Person, Role, Source, Tenant

_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
LONGEST = timedelta(days=60)
LATEST_START = timedelta(days=90)
MOST_KNOWN = 500
WHOLE = (joinedload(Delegation.person), joinedload(Delegation.to), joinedload(Delegation.tenant))


@dataclass(frozen=True)
class Leave:
    """Who decides meanwhile, in which tenant, from when (None: now) until when, and why."""

    to: str
    tenant: str
    until: datetime
    reason: str
    from_at: datetime | None = None


def delegate(session: Session, leave: Leave, *, by: Actor, now: datetime) -> Delegation:
    """Leave one's decisions in a tenant to somebody; raises NotFound, Forbidden, Invalid with the field."""
    tenant = session.scalar(select(Tenant).where(Tenant.name == leave.tenant, Tenant.active))
    if tenant is None or not by.sees(tenant.id):
        raise NotFound(f"No tenant of yours is called {leave.tenant}: GET /me lists yours.")
    rights.check(by, Action.DELEGATE, f"tenant {tenant.name}", tenant_id=tenant.id)
    if by.person_id is None or by.owner_id is not None:
        raise Forbidden("Only people leave their decisions to others: a service decides nothing while it is away.")
    from_at = leave.from_at or now
    _times_fit(from_at, leave.until, now)
    made = Delegation(
        person_id=by.person_id,
        to_id=_stand_in(session, leave.to, by).id,
        tenant_id=tenant.id,
        reason=leave.reason,
        created_at=now,
        from_at=from_at,
        until=leave.until,
    )
    session.add(made)
    session.flush()
    told = {"tenant": tenant.name, "to": leave.to, "reason": leave.reason}
    times = {"from": from_at.isoformat(), "until": leave.until.isoformat()}
    _testify(session, "delegation:made", by, now, delegation=made.id, **told, **times)
    return made


def _times_fit(from_at: datetime, until: datetime, now: datetime) -> None:
    if from_at < now - timedelta(minutes=1):
        raise Invalid({"from": ["That is over: name a time to come, or leave it out to begin now."]})
    if from_at > now + LATEST_START:
        raise Invalid({"from": [f"That is too far off: name a time within {words(LATEST_START)}."]})
    if until <= max(from_at, now):
        raise Invalid({"until": ["It must end after it begins, at a time to come."]})
    if until - from_at > LONGEST:
        raise Invalid({"until": [f"At most {words(LONGEST)}: for longer, have the registry name somebody else."]})


def _stand_in(session: Session, name: str, by: Actor) -> Person:
    if name == by.name:
        raise Invalid({"to": ["Name somebody else: you decide by yourself already."]})
    found = session.scalar(select(Person).where(Person.name == name, Person.may_act, Person.source != Source.SERVICE))
    if found is None or _is_auditor(session, found):
        # One sentence for all, so that nobody learns who there is.
        raise Invalid({"to": [f"{name} cannot decide for others: name an active person who is no auditor."]})
    return found


def _is_auditor(session: Session, person: Person) -> bool:
    query = select(Membership.id).where(Membership.person_id == person.id, Membership.role == Role.AUDITOR)
    return session.scalar(query.limit(1)) is not None


def end(session: Session, number: int, *, by: Actor, now: datetime) -> Delegation:
    """End a delegation before its time: who made it, who stands in, or an operator.

    Raises NotFound, Forbidden, WrongState (it is over).
    """
    query = select(Delegation).where(Delegation.id == number).options(*WHOLE).with_for_update(of=Delegation)
    found = session.scalar(query)
    if found is None or not _sees(by, found):
        raise _unknown(str(number))
    if by.person_id not in (found.person_id, found.to_id) and not by.is_operator:
        raise Forbidden("Only who made it, who stands in, or a platform operator may end a delegation.")
    need_scope(by, Scope.DECIDE, f"end delegation {number}")
    if found.ended_at is not None or found.until <= now:
        raise WrongState(f"Delegation {number} is over already.")
    found.ended_at, found.ended_by = now, by.name
    told = {"of": found.person.name, "to": found.to.name}
    _testify(session, "delegation:ended", by, now, delegation=number, **told)
    return found


def number_of(text: str) -> int:
    """The number of a delegation as it stands in an address; raises NotFound for what is none."""
    if not _NUMBER.fullmatch(text):
        raise _unknown(text[:30])
    return int(text)


def _unknown(number: str) -> NotFound:
    return NotFound(f"There is no delegation {number}: GET /delegations lists those that you see.")


def known(session: Session, *, by: Actor, before: int | None = None, limit: int = MOST_KNOWN) -> Sequence[Delegation]:
    """One's own delegations both ways and those of tenants that one sees, newest first, with numbers below `before`."""
    query = select(Delegation).options(*WHOLE).order_by(Delegation.id.desc())
    if not by.sees_everything:
        own = or_(Delegation.person_id == by.person_id, Delegation.to_id == by.person_id)
        query = query.where(or_(own, Delegation.tenant_id.in_(by.tenant_ids)))
    if before is not None:
        query = query.where(Delegation.id < before)
    return session.scalars(query.limit(limit)).all()


def _sees(by: Actor, found: Delegation) -> bool:
    return by.sees(found.tenant_id) or by.person_id in (found.person_id, found.to_id)


def _testify(session: Session, type_: str, by: Actor, now: datetime, **payload: object) -> None:
    audit.record(session, audit.SYSTEM_CHAIN, audit.Deed(type_, by.name, payload), now=now)
