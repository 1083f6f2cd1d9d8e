"""What views that change or show one ticket share: running a verb, the ticket's picture, its ETag."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema

from portal.api.answers import TicketSchema
from portal.api.idempotency import Edge, change
from portal.api.versions import etag
from portal.api.views import one_view
from portal.models import Ticket
from portal.tickets.moving import number_of

TICKET = TicketSchema()


def answer(schema: Schema, data: Any, status: int = 200) -> Response:
    """`data` dumped by `schema` as JSON."""
    response = jsonify(schema.dump(data))
    response.status_code = status
    return response


def ticket_answer(view: dict[str, Any], status: int = 200) -> Response:
    """A ticket's picture with its ETag."""
    response = answer(TICKET, view, status)
    response.headers["ETag"] = etag(view["version"])
    return response


def changed(edge: Edge, ticket: Ticket, status: int = 200) -> Response:
    """The ticket as the change in this transaction leaves it."""
    edge.session.flush()
    # What the verb appended has no relations loaded yet: read the whole ticket anew.
    edge.session.expire(ticket)
    return ticket_answer(one_view(edge.session, ticket.id, by=edge.by), status)


def run_verb(verb: Callable[..., Ticket], ref: str, **words: str) -> Response:
    """Have a verb change the ticket that `ref` names, and answer with what becomes of it."""
    number = number_of(ref)

    def effect(edge: Edge) -> Response:
        return changed(edge, verb(edge.session, number, by=edge.by, now=edge.now, **words))

    return change(effect)
