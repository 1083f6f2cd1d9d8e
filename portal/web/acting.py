"""The forms of a ticket's page: each does what the API does, and leads back to the page."""

from __future__ import annotations

from flask import Response, request

from portal.api.context import actor, parts
from portal.api.idempotency import Edge
from portal.api.problems import problem_of
from portal.db import database_now
from portal.errors import MeshdeskError, NotFound
from portal.tickets.moving import number_of
from portal.web import sessions
from portal.web.blueprint import blueprint
from portal.web.deeds import DEEDS
from portal.web.page import go
from portal.web.sent import sentence_of
from portal.web.ticket_page import Refusal, ticket_page


@blueprint.post("/tickets/<ref>/<deed>")
def act(ref: str, deed: str) -> Response:
    """Do one of DEEDS to a ticket, and go back to the page of ours that the form names as `next`, else to the ticket's.

    A refusal is the ticket's page, with the sentence and what was typed.
    """
    sessions.present()
    number = number_of(ref)
    if deed not in DEEDS:
        raise NotFound("A ticket's page has no such form.")
    try:
        with parts().database.unit_of_work() as session:
            DEEDS[deed].run(Edge(session, actor(), database_now(session)), number, request.form)
    except NotFound:
        raise
    except MeshdeskError as error:
        refusal = Refusal(deed, sentence_of(error), request.form)
        return ticket_page(number, refusal, problem_of(error).status)
    return go(sessions.own_path(request.form["next"]) if "next" in request.form else f"/tickets/MD-{number}")
