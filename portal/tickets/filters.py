"""Views of the list of tickets that a person keeps under names; nobody else sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import Invalid, NotFound
from portal.models import SavedFilter

MOST = 30


def all_of(session: Session, *, by: Actor) -> Sequence[SavedFilter]:
    """The actor's filters by name."""
    query = select(SavedFilter).where(SavedFilter.person_id == by.person_id).order_by(SavedFilter.name)
    return session.scalars(query).all()


def one(session: Session, name: str, *, by: Actor) -> SavedFilter:
    """The actor's filter of this name; raises NotFound."""
    found = _find(session, name, by)
    if found is None:
        raise NotFound(f"No filter of yours is called {name[:60]}.")
    return found


def keep(session: Session, name: str, query: str, *, by: Actor, now: datetime) -> SavedFilter:
    """Keep a view under a name, over the one that stood there; raises Invalid for one too many, Forbidden."""
    rights.check(by, Action.FILTERS, "", tenant_id=None)
    found = _find(session, name, by)
    if found is None:
        kept = select(func.count()).select_from(SavedFilter).where(SavedFilter.person_id == by.person_id)
        if (session.scalar(kept) or 0) >= MOST:
            raise Invalid({"name": [f"You keep {MOST} filters already: forget one first."]})
        found = SavedFilter(person_id=by.person_id, name=name)
        session.add(found)
    found.query, found.saved_at = query, now
    return found


def forget(session: Session, name: str, *, by: Actor) -> SavedFilter:
    """Forget the filter of this name; raises NotFound, Forbidden."""
    rights.check(by, Action.FILTERS, "", tenant_id=None)
    found = one(session, name, by=by)
    session.delete(found)
    return found


def _find(session: Session, name: str, by: Actor) -> SavedFilter | None:
    return session.get(SavedFilter, (by.person_id, name)) if by.person_id is not None else None
