"""Who one is here: roles and where they come from, groups, and where one is signed in."""

from __future__ import annotations

from typing import Any

from flask import Response, g

from portal.access import web_sessions
from portal.api.context import parts
from portal.db import database_now
from portal.errors import NotFound
from portal.queries import people as selects
from portal.web import sessions
from portal.web.blueprint import blueprint
from portal.web.doing import back
from portal.web.page import go
from portal.web.settings.frame import SETTINGS, settings_page


@blueprint.get("/settings")
def show_settings() -> Response:
    """Show whoever is signed in what Meshdesk knows of them."""
    if g.web_session is None:
        return sessions.sign_in_first()
    mine = sessions.present()
    with parts().database.reading() as session:
        now, lasting = database_now(session), sessions.lifetime()
        found: dict[str, Any] = {
            "seats": selects.seats(session, mine.person_id),
            "groups": selects.groups(session, mine.person_id),
            "operators": selects.operators(session),
            "sessions": web_sessions.of_person(session, mine.person_id, now=now, lifetime=lasting),
        }
    return settings_page("you.html", person=mine.person, present=mine, claim=parts().config.oidc_groups_claim, **found)


@blueprint.post("/sessions/<int(max=9223372036854775807):number>/end")
def end_session(number: int) -> Response:
    """End one of one's own sessions."""
    own = number == sessions.present().id
    if not sessions.end(number):
        raise NotFound("There is no such session of yours, or it has ended already.")
    return go("/sign-in") if own else back(SETTINGS, "ended")
