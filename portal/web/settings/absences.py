"""Absences: to whom one leaves one's decisions while one is away, who left theirs to oneself, and those of tenants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, g, request
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.access.rights import RIGHTS, Action
from portal.api.context import actor, parts
from portal.api.decision_schemas import DelegationSchema
from portal.api.idempotency import Edge
from portal.api.schemas import PageSchema
from portal.db import database_now
from portal.durations import words
from portal.models import Delegation, Tenant
from portal.tickets import delegating
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.doing import Refused, attempt, back, before_of, chosen, further, here, status_of
from portal.web.settings.frame import settings_page

PATH = "/settings/absences"
PAGE, DELEGATION = PageSchema(), DelegationSchema()
MOST_TENANTS = 500
"""Whoever may decide in more tenants than these types the name of theirs."""


@blueprint.get(PATH)
def list_absences() -> Response:
    """Show the absences that concern one, newest first, and the form for another."""
    return sessions.sign_in_first() if g.web_session is None else _page()


@blueprint.post(PATH)
def begin_absence() -> Response:
    """Leave one's decisions in a tenant to somebody."""
    sessions.present()
    made = attempt("make", _delegate)
    return _page(made) if isinstance(made, Refused) else back(PATH, "away")


@blueprint.post(f"{PATH}/<number>/end")
def end_absence(number: str) -> Response:
    """End an absence before its time."""
    sessions.present()
    ended = attempt(
        "end", lambda edge: delegating.end(edge.session, delegating.number_of(number), by=edge.by, now=edge.now)
    )
    return _page(ended) if isinstance(ended, Refused) else back(PATH, "back")


def _delegate(edge: Edge) -> Delegation:
    form = request.form
    said = {name: sent.text(form, name).strip() for name in ("to", "tenant", "reason")}
    until, from_at = _instant(sent.text(form, "until")), _instant(sent.text(form, "from"))
    leave = delegating.Leave(**sent.load(DELEGATION, {**said, "until": until, "from": from_at or None}))
    return delegating.delegate(edge.session, leave, by=edge.by, now=edge.now)


def _instant(typed: str) -> str:
    # Browsers send what is typed without a zone; the form says that it is UTC.
    text = typed.strip()
    return text if not text or text.upper().endswith("Z") else f"{text}Z"


def _page(refused: Refused | None = None) -> Response:
    asked, by = sent.load(PAGE, chosen()), actor()
    with parts().database.reading() as session:
        now, limit = database_now(session), asked["limit"]
        found = delegating.known(session, by=by, before=before_of(asked), limit=limit + 1)
        tenants = _decided_in(session, by)
        return settings_page(
            "absences.html",
            status_of(refused),
            rows=[_row(one, by, now) for one in found[:limit]],
            next_page=further(PATH, found[limit - 1].id) if len(found) > limit else None,
            here=here(PATH),
            first=not asked["cursor"],
            tenants=tenants,
            people=_colleagues(session, tenants, by),
            refused=refused,
            longest=words(delegating.LONGEST),
            now=now,
        )


def _row(one: Delegation, by: Actor, now: datetime) -> dict[str, Any]:
    over = one.ended_at is not None or one.until <= now
    concerned = by.person_id in (one.person_id, one.to_id)
    state = "over" if over else "open" if one.from_at <= now else "waiting"
    return {"one": one, "state": state, "may_end": not over and (concerned or by.is_operator)}


def _decided_in(session: Session, by: Actor) -> Sequence[Tenant]:
    """The tenants in which the actor may leave decisions to somebody."""
    tenants = queries.tenants(session, by=by, limit=MOST_TENANTS)
    return [one for one in tenants if by.roles_in(one.id) & RIGHTS[Action.DELEGATE].roles]


def _colleagues(session: Session, tenants: Sequence[Tenant], by: Actor) -> list[str]:
    """Whom the form proposes: owners and partners of these tenants; anybody else can be named as well."""
    found = queries.people_by_role(session, {one.id for one in tenants})
    people = {name for roles in found.values() for role in ("tenant-owner", "security-partner") for name in roles[role]}
    return sorted(people - {by.name})[:MOST_TENANTS]
