"""What an open page of a ticket asks every few seconds: whether it still shows the truth. Kept cheap for many pages."""

from __future__ import annotations

from flask import Response, make_response

from portal.api.context import actor, parts
from portal.queries.watching import pulse
from portal.tickets.moving import number_of
from portal.web import sessions
from portal.web.blueprint import blueprint
from portal.web.page import HEADERS


@blueprint.get("/tickets/<ref>/pulse")
def ticket_pulse(ref: str) -> Response:
    """A short text that is another one once the ticket's page would be; 401, and 404 as the page has it."""
    sessions.present()
    with parts().database.reading() as session:
        found = pulse(session, number_of(ref), by=actor())
    return make_response(found, {"Content-Type": "text/plain; charset=utf-8", **HEADERS})
