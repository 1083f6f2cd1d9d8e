"""Sessions of browsers, kept here: the cookie holds a secret and nothing else, and only its hash is stored."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.orm import Session, joinedload

from portal.access.tokens import LAST_USED_GRAIN, digest_of
from portal.models import Person, WebSession

BY_PROVIDER, LOCALLY = "openid-connect", "local"


@dataclass(frozen=True)
class Lifetime:
    """How long a session lasts at most, and how long without a request."""

    whole: timedelta
    idle: timedelta


def begin(session: Session, person_id: int, *, way: str, now: datetime, lifetime: Lifetime) -> str:
    """Make a session of this person and return the secret of its cookie, the only time that it is seen.

    Those that are over are forgotten.
    """
    session.execute(delete(WebSession).where(WebSession.person_id == person_id, WebSession.expires_at <= now))
    secret = secrets.token_urlsafe(32)
    row = WebSession(
        person_id=person_id,
        digest=digest_of(secret),
        way=way,
        created_at=now,
        expires_at=now + lifetime.whole,
        last_used_at=now,
    )
    session.add(row)
    return secret


def find(session: Session, secret: str, *, now: datetime, lifetime: Lifetime) -> WebSession | None:
    """The session of a cookie while it lasts and its person may act, with the person."""
    same = and_(WebSession.digest == digest_of(secret), _lasting(now, lifetime), Person.may_act)
    return session.scalar(select(WebSession).join(WebSession.person).where(same).options(joinedload(WebSession.person)))


def of_person(session: Session, person_id: int, *, now: datetime, lifetime: Lifetime) -> Sequence[WebSession]:
    """The sessions of a person that last, newest first."""
    lasting = and_(WebSession.person_id == person_id, _lasting(now, lifetime))
    return session.scalars(select(WebSession).where(lasting).order_by(WebSession.id.desc())).all()


def note_use(session: Session, row: WebSession, *, now: datetime) -> None:
    """Remember when a session was last used; call it where `is_stale` says so."""
    session.execute(update(WebSession).where(WebSession.id == row.id).values(last_used_at=now))


def is_stale(row: WebSession, now: datetime) -> bool:
    """True when the last use that is remembered is more than a minute ago (a write a request would be too many)."""
    return row.last_used_at < now - LAST_USED_GRAIN


def end(session: Session, person_id: int, *, now: datetime, number: int | None = None) -> int:
    """End one session of a person, or all of them; give how many were ended."""
    wanted = [WebSession.person_id == person_id, WebSession.ended_at.is_(None)]
    if number is not None:
        wanted.append(WebSession.id == number)
    ended = session.scalars(select(WebSession).where(*wanted)).all()
    for row in ended:
        row.ended_at = now
    return len(ended)


def _lasting(now: datetime, lifetime: Lifetime) -> ColumnElement[bool]:
    return and_(
        WebSession.ended_at.is_(None), WebSession.expires_at > now, WebSession.last_used_at > now - lifetime.idle
    )
