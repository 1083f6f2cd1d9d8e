"""The first page: who one is, in which roles and why, and where one is signed in."""

from __future__ import annotations

from typing import Any

from flask import Response, g

from portal.access import web_sessions
from portal.api.context import actor, parts
from portal.api.listing import page
from portal.db import database_now
from portal.errors import NotFound
from portal.queries import TicketFilter
from portal.queries import people as selects
from portal.web import sessions
from portal.web.blueprint import blueprint
from portal.web.page import go, render

MOST_WAITING = 20
"""Whoever has more waiting than that is told no number."""


@blueprint.get("/")
def home() -> Response:
    """Show whoever is signed in what Meshdesk knows of them; others go to the sign-in."""
    if g.web_session is None:
        return go("/sign-in")
    mine = sessions.present()
    with parts().database.reading() as session:
        waiting, more = page(session, TicketFilter(waiting_for_me=True), by=actor(), before=None, limit=MOST_WAITING)
        found: dict[str, Any] = {
            "waiting": f"more than {len(waiting)}" if more else len(waiting),
            "seats": selects.seats(session, mine.person_id),
            "groups": selects.groups(session, mine.person_id),
            "operators": selects.operators(session),
            "sessions": web_sessions.of_person(
                session, mine.person_id, now=database_now(session), lifetime=sessions.lifetime()
            ),
        }
    return render("home.html", person=mine.person, present=mine, claim=parts().config.oidc_groups_claim, **found)


@blueprint.post("/sessions/<int(max=9223372036854775807):number>/end")
def end_session(number: int) -> Response:
    """End one of one's own sessions."""
    if not sessions.end(number):
        raise NotFound("There is no such session of yours, or it has ended already.")
    return go("/")
