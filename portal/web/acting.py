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
from portal.web.sheet import Refusal
from portal.web.ticket_page import ticket_page


@blueprint.post("/tickets/<ref>/<deed>")
def act(ref: str, deed: str) -> Response:
    """Do one of DEEDS to a ticket, and go back to the page of ours that the form names as `next`, else to the ticket's.

    A refusal is the ticket's page, with the sentence and what was typed.
    """
    number = number_of(ref)
    refused = do(number, deed)
    if refused is not None:
        return ticket_page(number, *refused)
    return go(sessions.own_path(request.form["next"]) if "next" in request.form else f"/tickets/MD-{number}")


def do(number: int, deed: str) -> tuple[Refusal, int] | None:
    """Do one of DEEDS by the form of the present request; the refusal and its status where that is refused.

    Raises SignInNeeded, and NotFound for a deed or a ticket that there is not.
    """
    sessions.present()
    if deed not in DEEDS:
        raise NotFound("A ticket's page has no such form.")
    try:
        with parts().database.unit_of_work() as session:
            DEEDS[deed].run(Edge(session, actor(), database_now(session)), number, request.form)
    except NotFound:
        raise
    except MeshdeskError as error:
        return Refusal(deed, sentence_of(error), request.form), problem_of(error).status
    return None
