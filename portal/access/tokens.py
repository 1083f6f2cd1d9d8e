"""Personal API tokens: shown once, stored as a hash, looked up for each request."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from portal.access.absences import absences_of
from portal.access.actor import Actor
from portal.errors import NotFound, SignInNeeded
from portal.models import ApiToken, Membership, Person, PersonGroup, Role

PREFIX = "mdt_"
LAST_USED_GRAIN = timedelta(minutes=1)


def digest_of(token: str) -> str:
    """What is stored of a token: it has 256 random bits, so one sha256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue(session: Session, *, person: str, name: str, now: datetime, lifetime: timedelta | None) -> str:
    """Make a token for the person and return it, the only time that it is seen; raises NotFound."""
    found = session.scalar(select(Person).where(Person.name == person, Person.may_act))
    if found is None:
        raise NotFound(f"The registry names no person {person!r}.")
    token = PREFIX + secrets.token_urlsafe(32)
    expires = None if lifetime is None else now + lifetime
    session.add(ApiToken(person_id=found.id, name=name, digest=digest_of(token), created_at=now, expires_at=expires))
    return token


def actor_of(session: Session, token: str, *, now: datetime) -> tuple[Actor, int]:
    """The actor behind a token, and the token's id; raises SignInNeeded for whatever is not a living token."""
    row = session.scalar(
        select(ApiToken).where(ApiToken.digest == digest_of(token)).options(joinedload(ApiToken.person))
    )
    if (
        row is None
        or row.revoked_at is not None
        or (row.expires_at and row.expires_at <= now)
        or not row.person.may_act
    ):
        raise SignInNeeded("This token is unknown, expired or revoked: ask for a new one.")
    return actor_for(session, row.person), row.id


def actor_for(session: Session, person: Person) -> Actor:
    """The actor that a person is, with the roles that the registry gives now."""
    rows = session.execute(select(Membership.tenant_id, Membership.role).where(Membership.person_id == person.id))
    roles = [(tenant, Role(role)) for tenant, role in rows]
    groups = session.scalars(select(PersonGroup.name).where(PersonGroup.person_id == person.id))
    return Actor(
        name=person.name,
        title=person.title,
        person_id=person.id,
        groups=frozenset(groups),
        tenant_roles=frozenset((tenant, role) for tenant, role in roles if tenant is not None),
        platform_roles=frozenset(role for tenant, role in roles if tenant is None),
        owner_id=person.owner_id,
        absences=absences_of(session, person),
    )


def note_use(session: Session, token_id: int, *, now: datetime) -> None:
    """Remember when a token was last used, to the minute (a write a request would be too many)."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.id == token_id)
        .where((ApiToken.last_used_at.is_(None)) | (ApiToken.last_used_at < now - LAST_USED_GRAIN))
        .values(last_used_at=now)
    )
