"""How somebody wants to be told: at once or once a day, and what not at all."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import Invalid, SignInNeeded
from portal.models import Person
from portal.notify.sorts import URGENT, Sort


@dataclass(frozen=True)
class Preferences:
    """Told once a day instead of at once, and the sorts that are not wanted; urgent ones come at once anyway."""

    digest: bool
    muted: tuple[Sort, ...]


def preferences_of(session: Session, *, by: Actor) -> Preferences:
    """What the actor prefers."""
    person = _person(session, by)
    return Preferences(person.digest, tuple(Sort(one) for one in person.muted))


def prefer(session: Session, wanted: Preferences, *, by: Actor) -> Preferences:
    """Keep what the actor prefers from now on; raises Invalid for an urgent sort, Forbidden for want of a scope."""
    rights.check(by, Action.PREFER, "", tenant_id=None)
    urgent = sorted(set(wanted.muted) & URGENT)
    if urgent:
        raise Invalid({"muted": [f"{' and '.join(urgent)} cannot be muted: leave it out."]})
    person = _person(session, by)
    person.digest, person.muted = wanted.digest, sorted(set(wanted.muted))
    return preferences_of(session, by=by)


def _person(session: Session, by: Actor) -> Person:
    person = session.scalar(select(Person).where(Person.id == by.person_id))
    if person is None:
        raise SignInNeeded("Only people have preferences: sign in as one.")
    return person
