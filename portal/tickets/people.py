"""People: they sign in, and an operator deactivates them, brings them back, or lets go of their identity.

Called by the API and the pages.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit
from portal.access import people, rights, web_sessions
from portal.access.actor import Actor
from portal.access.oidc import Identity
from portal.access.rights import Action
from portal.errors import Forbidden, NotFound, WrongState
from portal.models import Person
from portal.tickets import handing_over


def welcome(session: Session, identity: Identity, *, now: datetime) -> Person:
    """The person for whom the identity provider vouches, with today's groups; raises Forbidden."""
    found = people.settle(session, identity)
    if found.became is not None:
        payload = {"person": found.person.name, "issuer": identity.issuer, "subject": identity.subject}
        _testify(session, f"person:{found.became}", found.person.name, now, payload)
    return found.person


def deactivate(session: Session, name: str, *, reason: str, by: Actor, now: datetime) -> Person:
    """Let a person do nothing more, at once: sessions end, tokens are refused, open tickets are handed over.

    Raises Forbidden (also for oneself), NotFound, WrongState (it is so already).
    """
    person = _taken(session, name, by)
    if person.id == by.person_id:
        raise Forbidden("Nobody deactivates themselves: have another operator do it.")
    if person.deactivated_at is not None:
        raise WrongState(f"{name} is deactivated already, by {person.deactivated_by}: {person.deactivated_reason}")
    person.deactivated_at, person.deactivated_by, person.deactivated_reason = now, by.name, reason
    ended = web_sessions.end(session, person.id, now=now)
    fates = [str(fate) for fate in handing_over.hand_over(session, person.id, by=by, now=now)]
    told = {"person": name, "reason": reason, "sessions": ended, "tickets": fates}
    _testify(session, "person:deactivated", by.name, now, told)
    return person


def activate(session: Session, name: str, *, reason: str, by: Actor, now: datetime) -> Person:
    """Let a person who was deactivated act again; raises Forbidden, NotFound, WrongState (nobody deactivated them)."""
    person = _taken(session, name, by)
    if person.deactivated_at is None:
        raise WrongState(f"Nobody has deactivated {name}: there is nothing to undo.")
    person.deactivated_at = person.deactivated_by = person.deactivated_reason = None
    _testify(session, "person:activated", by.name, now, {"person": name, "reason": reason})
    return person


def unbind(session: Session, name: str, *, reason: str, by: Actor, now: datetime) -> Person:
    """Let go of a person's identity: the next who signs in with this name is this person.

    Their sessions end. Raises Forbidden, NotFound, WrongState (they are bound to no identity).
    """
    person = _taken(session, name, by)
    if person.subject is None:
        raise WrongState(f"{name} is bound to no identity: whoever signs in with this name first will be {name}.")
    payload = {"person": name, "reason": reason, "issuer": person.issuer, "subject": person.subject}
    people.release(session, person, now=now)
    web_sessions.end(session, person.id, now=now)
    _testify(session, "person:unbound", by.name, now, payload)
    return person


def _taken(session: Session, name: str, by: Actor) -> Person:
    rights.check(by, Action.PEOPLE, "", tenant_id=None)
    wanted = select(Person).where(Person.name == name)
    person = session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if person is None:
        raise NotFound(f"There is no person {name}: GET /people lists those that there are.")
    return person


def _testify(session: Session, type_: str, actor: str, now: datetime, payload: dict[str, Any]) -> None:
    audit.record(session, audit.SYSTEM_CHAIN, audit.Deed(type_, actor, payload), now=now)
