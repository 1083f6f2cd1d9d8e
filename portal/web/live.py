"""What is open now: every window that one may see, those that are late first, with what one may do about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, request
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from portal import queries
from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.api.context import actor, parts
from portal.api.schema_base import NAME, Input
from portal.api.views import ticket_views
from portal.db import database_now
from portal.errors import Forbidden, Invalid
from portal.kinds.registry import KINDS
from portal.models import Ticket
from portal.queries import windows
from portal.states import State
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.looks import Look, look
from portal.web.offers import Case, offers
from portal.web.page import render

PER_PAGE = 40
MOST_LATE = 20
ACTS = ("retry", "reapply", "release", "revoke")
"""The deeds of a ticket's page that the list has too."""
NO_END = "none"


class LiveSchema(Input):
    """Which open windows, and after which of them."""

    tenant = fields.String(load_default=None, validate=NAME)
    cluster = fields.String(load_default=None, validate=NAME)
    kind = fields.String(load_default=None, validate=NAME)
    after = fields.String(load_default=None, validate=validate.Length(max=60))


LIVE = LiveSchema()


@dataclass(frozen=True)
class Window:
    """One line: the ticket as the API shows it, its look, the deeds that one may do, whether one may ask for more."""

    ticket: dict[str, Any]
    look: Look
    acts: frozenset[str]
    extends: bool


@blueprint.get("/live")
def live() -> Response:
    """Show the open windows that one may see by their end, soonest first; filters are in the address."""
    if g.web_session is None:
        return sessions.sign_in_first()
    chosen = {name: value for name, value in request.args.items() if value}
    asked = sent.load(LIVE, chosen)
    with parts().database.reading() as session:
        by, now = actor(), database_now(session)
        wanted = windows.Wanted(by, now, **{name: asked[name] for name in ("tenant", "cluster", "kind")})
        found = windows.windows(session, wanted, after=_read(asked["after"]), limit=PER_PAGE + 1)
        late = [] if asked["after"] else windows.late(session, wanted, limit=MOST_LATE)
        shown: dict[str, Any] = {
            "counts": windows.count(session, wanted),
            "open": _lines(session, found[:PER_PAGE], by, now),
            "late": _lines(session, late, by, now),
            "clusters": sorted({one.cluster for one, _ in queries.namespaces(session, by=by)}),
        }
    more = _address({**chosen, "after": _written(found[PER_PAGE - 1])}) if len(found) > PER_PAGE else None
    return render(
        "live.html", next_page=more, here=_address(chosen), chosen=chosen, kinds=_kinds(), by=by, now=now, **shown
    )


def _kinds() -> dict[str, str]:
    return {name: kind.title for name, kind in KINDS.items() if kind.has_cluster_change}


def _address(query: Mapping[str, str]) -> str:
    return f"/live?{urlencode(query)}" if query else "/live"


def _lines(session: Session, tickets: Sequence[Ticket], by: Actor, now: datetime) -> list[Window]:
    return [
        Window(view, look(view, now), frozenset(offers(Case(session, one, by, now)).keys() & set(ACTS)), _asks(one, by))
        for one, view in zip(tickets, ticket_views(session, tickets), strict=True)
    ]


def _asks(ticket: Ticket, by: Actor) -> bool:
    """Whether one may ask for the same again, to follow this window."""
    try:
        rights.check(by, Action.ASK, "", tenant_id=ticket.tenant_id)
    except Forbidden:
        return False
    return ticket.state is not State.REVERTING and ticket.expires_at is not None


def _written(ticket: Ticket) -> str:
    end = windows.end_of(ticket)
    return f"{end.isoformat() if end else NO_END}/{ticket.id}"


def _read(text: str | None) -> windows.After | None:
    if text is None:
        return None
    end, _, number = text.partition("/")
    try:
        at = None if end == NO_END else datetime.fromisoformat(end).astimezone(UTC)
        return at, int(number)
    except (ValueError, OverflowError) as error:
        raise Invalid({"after": ["It is no place in this list: go back to its first page."]}) from error
