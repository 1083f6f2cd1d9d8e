"""Questions that put a ticket on hold, and the answers that let it go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from portal.api import answers, schemas
from portal.api.answering import changed
from portal.api.idempotency import Edge, change
from portal.api.smorest import Blueprint
from portal.models import Comment, Ticket
from portal.tickets import questions
from portal.tickets.moving import number_of

blueprint = Blueprint("questions", "Ask the requester something; nobody approves until it is answered.")
SAYING, TICKET = schemas.CommentSchema(), answers.TicketSchema()


@blueprint.route("/tickets/<ref>/questions", methods=["POST"])
@blueprint.arguments(SAYING)
@blueprint.response(201, TICKET)
def ask(said: dict[str, Any], ref: str) -> Response:
    """Put a pending ticket on hold with a question, as somebody who decides."""
    return _say(questions.question, ref, said["text"])


@blueprint.route("/tickets/<ref>/answers", methods=["POST"])
@blueprint.arguments(SAYING)
@blueprint.response(201, TICKET)
def answer(said: dict[str, Any], ref: str) -> Response:
    """Answer the question on a ticket, as its requester, a member or an owner."""
    return _say(questions.answer, ref, said["text"])


def _say(verb: Callable[..., Comment], ref: str, text: str) -> Response:
    number = number_of(ref)

    def effect(edge: Edge) -> Response:
        verb(edge.session, number, text=text, by=edge.by, now=edge.now)
        return changed(edge, edge.session.get_one(Ticket, number), 201)

    return change(effect)
