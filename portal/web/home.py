"""The first page: what waits for whoever is signed in, and whom to ask where they have no role yet."""

from __future__ import annotations

from typing import Any

from flask import Response, g

from portal.api.context import actor, parts
from portal.api.listing import page
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
        }
    return render("home.html", person=mine.person, present=mine, **found)
