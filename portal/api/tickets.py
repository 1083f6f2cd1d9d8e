"""Asking and looking: preview, submit, list and show tickets, with the long poll."""

from __future__ import annotations

from typing import Any

from flask import Response

from portal.api import answers, paging, schemas
from portal.api.answering import answer, changed, ticket_answer
from portal.api.context import actor, parts
from portal.api.idempotency import Edge, change
from portal.api.listing import filter_of, page
from portal.api.previews import preview_view
from portal.api.smorest import Blueprint
from portal.api.ticket_files import tickets_file
from portal.api.views import one_view, ticket_views
from portal.api.waiting import Standing, Waited
from portal.db import database_now
from portal.queries.watching import check_seen, standing
from portal.tickets import asking
from portal.tickets.moving import number_of

blueprint = Blueprint("tickets", "Ask for an exception and follow it.")
PREVIEW, PAGE = answers.PreviewSchema(), answers.TicketPageSchema()
ASK, LIST, WAIT = schemas.AskSchema(), schemas.ListSchema(), schemas.WaitSchema()


@blueprint.route("/tickets/preview", methods=["POST"])
@blueprint.arguments(ASK)
@blueprint.response(200, PREVIEW)
def preview(ask: asking.Ask) -> Response:
    """Show what a request would meet: rule, approvers and the expected change. Stores nothing."""
    with parts().database.reading() as session:
        prepared = asking.prepare(session, ask, by=actor(), shortest=parts().config.shortest_window)
        return answer(PREVIEW, preview_view(session, prepared, by=actor(), now=database_now(session)))


@blueprint.route("/tickets", methods=["POST"])
@blueprint.arguments(ASK)
@blueprint.response(201, answers.TicketSchema())
def submit(ask: asking.Ask) -> Response:
    """Ask for an exception: the ticket waits for its preflight and then for a decision."""

    def effect(edge: Edge) -> Response:
        shortest = parts().config.shortest_window
        ticket = asking.submit(edge.session, ask, by=edge.by, now=edge.now, shortest=shortest)
        response = changed(edge, ticket, 201)
        response.headers["Location"] = f"/api/v1/tickets/{ticket.ref}"
        return response

    return change(effect)


@blueprint.route("/tickets")
@blueprint.arguments(LIST, location="query")
@blueprint.response(200, PAGE)
def list_tickets(asked: dict[str, Any]) -> Response:
    """List the tickets that you may see, newest first."""
    before = paging.number_of(asked["cursor"]) if asked["cursor"] else None
    with parts().database.reading() as session:
        found, more = page(session, filter_of(asked), by=actor(), before=before, limit=asked["limit"])
        response = answer(PAGE, {"items": ticket_views(session, found)})
    response.headers.update(paging.next_link(found[-1].id) if more else {})
    return response


@blueprint.route("/tickets.csv")
@blueprint.arguments(LIST, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv", description="A head, and a line a ticket.")
def tickets_csv(asked: dict[str, Any]) -> Response:
    """Download the list whole, newest first, at most 100,000 tickets; `cursor` and `limit` count for nothing."""
    return tickets_file(asked)


@blueprint.route("/tickets/<ref>")
@blueprint.arguments(WAIT, location="query")
@blueprint.response(200, answers.TicketSchema())
def show(asked: dict[str, Any], ref: str) -> Response:
    """Show a ticket; with `wait=active` once it is that, can no longer become it, or the timeout is over."""
    number = number_of(ref)
    if "wait" not in asked:
        return ticket_answer(_view(number))
    with parts().database.reading() as session:
        # Whether it exists for this person is all that must be known to wait: its picture is made once, at the end.
        check_seen(session, number, by=actor())
    waited = _wait(number, asked)
    response = ticket_answer(_view(number))
    response.headers["Meshdesk-Waited"] = waited
    return response


def _view(number: int) -> dict[str, Any]:
    with parts().database.reading() as session:
        return one_view(session, number, by=actor())


def _wait(number: int, asked: dict[str, Any]) -> Waited:
    database = parts().database

    def look() -> Standing:
        with database.reading() as session:
            return Standing(*standing(session, number))

    return parts().waiting.wait(look, frozenset(asked["wait"]), seconds=asked["timeout"])
