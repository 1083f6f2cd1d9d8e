"""Identities as people: who signs in by the provider is a person of the registry, or becomes one of the provider's.

Called by `portal.tickets.people`, which tells the audit trail what was done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from portal.access import seats
from portal.access.oidc import Identity
from portal.errors import Forbidden
from portal.models import Person, PersonGroup, Source

DEACTIVATED = "An operator of the platform has deactivated you: ask them."


@dataclass(frozen=True)
class Welcome:
    """A person who signed in, and what came of it for the row: `bound`, `added`, `returned`, or None."""

    person: Person
    became: str | None = None


def known(session: Session, identity: Identity) -> Person | None:
    """The person that this identity is bound to."""
    return session.scalar(select(Person).where(*_same(identity)))


def release(session: Session, person: Person, *, now: datetime) -> None:
    """Let go of a person's identity, and of the roles by group that came with it; no token of before binds it again."""
    person.issuer = person.subject = person.groups_told = None
    person.seen_at = now
    session.execute(delete(PersonGroup).where(PersonGroup.person_id == person.id))
    seats.refresh(session, [person.id])


def settle(session: Session, identity: Identity) -> Welcome:
    """The person of an identity, with the groups that it has now; raises Forbidden where there can be none."""
    # Locked, so that two requests with one token do not both write its groups.
    person = session.scalar(select(Person).where(*_same(identity)).with_for_update())
    welcome = _bound(session, identity) if person is None else Welcome(person)
    person = welcome.person
    if person.deactivated_at is not None:
        raise Forbidden(DEACTIVATED)
    if not person.active:
        # Only the registry dropped them: the provider still vouches for them, and groups alone give roles.
        person.active, person.source = True, Source.PROVIDER
        welcome = Welcome(person, welcome.became or "returned")
    _keep(person, identity)
    session.flush()
    _group(session, person, identity)
    return welcome


def _bound(session: Session, identity: Identity) -> Welcome:
    """The person of the identity's name, bound to it from now on."""
    if identity.name is None:
        raise Forbidden(
            "The identity provider does not tell your sign-in name: have your platform operators see that the claim of "
            "MESHDESK_OIDC_NAME_CLAIM is sent."
        )
    person = session.scalar(select(Person).where(Person.name == identity.name).with_for_update())
    if person is None:
        person = Person(name=identity.name, title=identity.title or identity.name, source=Source.PROVIDER)
        person.issuer, person.subject = identity.issuer, identity.subject
        session.add(person)
        return Welcome(person, "added")
    if person.subject is not None or person.source == Source.SERVICE:
        raise Forbidden(
            f"The name {identity.name} belongs to somebody else here. If that is you with a new account, ask your "
            f"platform operators to run `meshdesk people unbind {identity.name}`."
        )
    if person.seen_at is not None and identity.at < person.seen_at:
        raise Forbidden(f"This token is older than an operator's word on {identity.name}: sign in again.")
    person.issuer, person.subject = identity.issuer, identity.subject
    return Welcome(person, "bound")


def _same(identity: Identity) -> tuple[ColumnElement[bool], ...]:
    return (Person.issuer == identity.issuer, Person.subject == identity.subject)


def _keep(person: Person, identity: Identity) -> None:
    # What the registry says of a person goes before what the provider says.
    if person.source == Source.PROVIDER:
        person.title = identity.title or person.title
        person.email = identity.email or person.email


def _group(session: Session, person: Person, identity: Identity) -> None:
    """Keep the groups, unless this token is older than the last one: it would bring back what was taken since."""
    if person.seen_at is not None and identity.at < person.seen_at:
        return
    person.seen_at, person.groups_told = identity.at, identity.groups is not None
    before = set(session.scalars(select(PersonGroup.name).where(PersonGroup.person_id == person.id)))
    now = set(identity.groups or ())
    if gone := before - now:
        session.execute(delete(PersonGroup).where(PersonGroup.person_id == person.id, PersonGroup.name.in_(gone)))
    session.add_all(PersonGroup(person_id=person.id, name=name) for name in sorted(now - before))
    seats.refresh(session, [person.id])
