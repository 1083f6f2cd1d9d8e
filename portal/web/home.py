"""The first page: whether all is well, what waits for whoever looks, what is open, and how far pods are encrypted."""

from __future__ import annotations

from typing import Any

from flask import Response, g

from portal.api.context import actor, parts
from portal.db import database_now
from portal.kinds.registry import KINDS
from portal.queries import people as selects
from portal.web import sessions
from portal.web.blueprint import blueprint
from portal.web.front import front
from portal.web.navigation import PLACES
from portal.web.page import go, render


@blueprint.get("/")
def home() -> Response:
    """Show whoever is signed in what concerns them now; others go to the sign-in."""
    if g.web_session is None:
        return go("/sign-in")
    mine = sessions.present()
    with parts().database.reading() as session:
        found: dict[str, Any] = {
            "front": front(session, actor(), database_now(session)),
            "seats": selects.seats(session, mine.person_id),
            "groups": selects.groups(session, mine.person_id),
            "operators": selects.operators(session),
        }
    shown: dict[str, Any] = {
        "person": mine.person,
        "inbox": _inbox(),
        "everything": actor().sees_everything,
        "kinds": KINDS,
    }
    return render("home.html", **shown, **found)


def _inbox() -> str:
    """Where what waits for the actor is shown whole."""
    shown = any(one.address == "/inbox" and one.shown(actor()) for one in PLACES)
    return "/inbox" if shown else "/tickets?waiting_for=me"
