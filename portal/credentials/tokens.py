"""Personal tokens: what people do with their own and with those of their services, and operators with any.

`meshdesk token` at the database has the first operator's made, and tells of it by `tell` too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from portal import audit
from portal.access import rights
from portal.access.actor import Actor, Scope
from portal.access.rights import Action
from portal.access.tokens import Terms, mint, scopes_of
from portal.db import database_now
from portal.durations import words
from portal.errors import Forbidden, Invalid, NotFound, WrongState
from portal.models import ApiToken, Person

Made = tuple[ApiToken, str]
WORKING, OVER = STATES = ("working", "over")
"""Whether a token still works, or was revoked or has ended."""


@dataclass(frozen=True)
class Wanted:
    """Which tokens: everybody's or one's own, those that still work or are over, those of one person or service."""

    everybody: bool = False
    state: str | None = None
    person: str | None = None


def tokens(
    session: Session, wanted: Wanted, *, by: Actor, before: int | None = None, limit: int = 200
) -> Sequence[ApiToken]:
    """One's own tokens and those of one's services, or everybody's, newest first, with numbers below `before`.

    Raises Forbidden where somebody may not list everybody's.
    """
    query = select(ApiToken).join(ApiToken.person).options(contains_eager(ApiToken.person))
    if wanted.everybody:
        rights.check(by, Action.ALL_TOKENS, "", tenant_id=None)
    else:
        query = query.where(_own(by))
    if wanted.state is not None:
        works = _works(database_now(session))
        query = query.where(works if wanted.state == WORKING else ~works)
    if wanted.person is not None:
        query = query.where(Person.name == wanted.person)
    if before is not None:
        query = query.where(ApiToken.id < before)
    return session.scalars(query.order_by(ApiToken.id.desc()).limit(limit)).all()


def _works(now: datetime) -> ColumnElement[bool]:
    return and_(ApiToken.revoked_at.is_(None), or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now))


def _own(by: Actor) -> ColumnElement[bool]:
    return or_(ApiToken.person_id == by.person_id, Person.owner_id == by.person_id)


def refuse_services(by: Actor) -> None:
    """Raise Forbidden for a service: whoever took its token could otherwise keep its rights for ever."""
    if by.owner_id is not None:
        raise Forbidden("A service makes no tokens and no services: its owner does.")


def refuse_longer(terms: Terms, longest: timedelta) -> None:
    """Raise Invalid unless the token ends, and does within `longest`."""
    if terms.lifetime is None or terms.lifetime > longest:
        raise Invalid({"lifetime": [f"A token works for at most {words(longest)}: ask for less."]})


def make(session: Session, terms: Terms, *, by: Actor, now: datetime, service: Person | None = None) -> Made:
    """A token of one's own, or for a `service` (`services.person_for_token` has seen that one may): its row, and the
    token, which is seen this once.

    Raises Forbidden, also for scopes that the token in use has not itself.
    """
    if service is None:
        rights.check(by, Action.TOKENS, "your own", tenant_id=None)
    refuse_services(by)
    if lacking := sorted((terms.scopes or frozenset(Scope)) - by.scopes):
        raise Forbidden(f"This token lacks the scope `{'`, `'.join(lacking)}`: it makes only tokens of scopes it has.")
    row, token = mint(session, service or session.get_one(Person, by.person_id), terms, now=now)
    tell(session, "token:made", row, by=by.name, now=now)
    return row, token


def revoke(session: Session, token_id: int, *, by: Actor, now: datetime) -> ApiToken:
    """End a token at once: one's own, one of a service of one's own, or as an operator any.

    Raises NotFound (also for others' tokens), Forbidden, WrongState where it was revoked already.
    """
    row = session.get(ApiToken, token_id, options=[joinedload(ApiToken.person)], with_for_update={"of": ApiToken})
    own = row is not None and by.person_id in (row.person_id, row.person.owner_id)
    if row is None or not (own or by.sees_everything):
        raise NotFound(f"There is no token {token_id} of yours: `meshdesk tokens list` shows them.")
    rights.check(by, Action.TOKENS if own else Action.REVOKE_TOKENS, "your own" if own else "", tenant_id=None)
    end(session, [row], by=by.name, now=now)
    return row


def end(session: Session, rows: Collection[ApiToken], *, by: str, now: datetime) -> None:
    """Revoke tokens and tell of each; raises WrongState where one was revoked already."""
    for row in rows:
        if row.revoked_at is not None:
            raise WrongState(f"Token {row.id} was revoked already.")
        row.revoked_at = now
        tell(session, "token:revoked", row, by=by, now=now)


def tell(session: Session, type_: str, row: ApiToken, *, by: str, now: datetime) -> None:
    """Write into the system's chain what became of a token; never the token itself."""
    payload = {"token": row.id, "person": row.person.name, "name": row.name, "scopes": sorted(scopes_of(row))}
    audit.record(session, audit.SYSTEM_CHAIN, audit.Deed(type_, by, payload), now=now)
