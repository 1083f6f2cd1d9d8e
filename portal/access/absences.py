"""Whom an actor stands in for now: delegations that last, with the roles that the absent people have themselves."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from portal.access.actor import Absence
from portal.db import database_now
from portal.models import Delegation, Membership, Person, Role

DECIDING = frozenset({Role.OWNER, Role.PARTNER, Role.OPERATOR})
"""What can be decided with, and so what one person can leave to another for a while."""


def lasting(session: Session) -> ColumnElement[bool]:
    """The condition for delegations that count at this moment."""
    now = database_now(session)
    return and_(Delegation.ended_at.is_(None), Delegation.from_at <= now, Delegation.until > now)


def absences_of(session: Session, person: Person) -> frozenset[Absence]:
    """Whom this person stands in for now.

    Not transitive: only memberships of the absent themselves count, not what others have left to them.
    """
    # Asked with each request, and mostly nobody is away.
    left = select(Delegation.id).where(Delegation.to_id == person.id, Delegation.ended_at.is_(None))
    if session.scalar(left.limit(1)) is None:
        return frozenset()
    query = (
        select(Delegation.person_id, Person.name, Delegation.tenant_id, Membership.role)
        .join(Person, Person.id == Delegation.person_id)
        .join(Membership, Membership.person_id == Delegation.person_id)
        .where(Delegation.to_id == person.id, lasting(session), Person.may_act, Membership.role.in_(DECIDING))
        .where(or_(Membership.tenant_id == Delegation.tenant_id, Membership.tenant_id.is_(None)))
    )
    found: dict[tuple[int, str, int], set[Role]] = defaultdict(set)
    for person_id, name, tenant_id, role in session.execute(query):
        found[person_id, name, tenant_id].add(Role(role))
    return frozenset(Absence(*who, frozenset(roles)) for who, roles in found.items())
