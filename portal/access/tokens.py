"""Personal API tokens: shown once, stored as a hash, looked up for each request."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from portal.access.actor import EVERY_SCOPE, Actor, Scope
from portal.access.actors import actor_for
from portal.errors import NotFound, SignInNeeded
from portal.models import ApiToken, Person

__all__ = [
    "PREFIX",
    "Terms",
    "active_person",
    "actor_for",
    "actor_of",
    "digest_of",
    "issue",
    "mint",
    "note_use",
    "scopes_of",
]

PREFIX = "mdt_"
LAST_USED_GRAIN = timedelta(minutes=1)


def digest_of(token: str) -> str:
    """What is stored of a token: it has 256 random bits, so one sha256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class Terms:
    """What a token is for, how long it works (None: for ever) and what for (None: everything that there is)."""

    name: str
    lifetime: timedelta | None
    scopes: frozenset[Scope] | None = None


def mint(session: Session, person: Person, terms: Terms, *, now: datetime) -> tuple[ApiToken, str]:
    """Make a token: its row, and the token itself, which is seen this once."""
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(person_id=person.id, name=terms.name, digest=digest_of(token), created_at=now, person=person)
    row.expires_at = None if terms.lifetime is None else now + terms.lifetime
    row.scopes = None if terms.scopes is None else sorted(terms.scopes)
    session.add(row)
    session.flush()
    return row, token


def issue(session: Session, *, person: str, name: str, now: datetime, lifetime: timedelta | None) -> str:
    """Make a token of every scope for the person and return it; raises NotFound."""
    return mint(session, active_person(session, person), Terms(name, lifetime), now=now)[1]


def active_person(session: Session, name: str) -> Person:
    """The person or service of that name; raises NotFound, also for who is not active any more."""
    found = session.scalar(select(Person).where(Person.name == name, Person.may_act))
    if found is None:
        raise NotFound(f"The registry names no person {name!r}.")
    return found


def actor_of(session: Session, token: str, *, now: datetime) -> tuple[Actor, int]:
    """The actor behind a token, and the token's id; raises SignInNeeded for whatever is not a living token."""
    row = session.scalar(
        select(ApiToken).where(ApiToken.digest == digest_of(token)).options(joinedload(ApiToken.person))
    )
    if row is None or row.revoked_at is not None or (row.expires_at and row.expires_at <= now):
        raise SignInNeeded("This token is unknown, expired or revoked: ask for a new one.")
    if not row.person.may_act:
        raise SignInNeeded(
            f"{row.person.name}, whose token this is, was removed or deactivated: ask your platform operators."
        )
    return actor_for(session, row.person, scopes=scopes_of(row)), row.id


def scopes_of(row: ApiToken) -> frozenset[Scope]:
    """What a token may be used for; `read` goes with each scope."""
    return EVERY_SCOPE if row.scopes is None else frozenset({Scope.READ, *map(Scope, row.scopes)})


def note_use(session: Session, token_id: int, *, now: datetime) -> None:
    """Remember when a token was last used, to the minute (a write a request would be too many)."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.id == token_id)
        .where((ApiToken.last_used_at.is_(None)) | (ApiToken.last_used_at < now - LAST_USED_GRAIN))
        .values(last_used_at=now)
    )
