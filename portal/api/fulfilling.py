"""What operators do about tickets that no worker carries out: take one, fulfil it, decline it."""

from __future__ import annotations

from typing import Any

from flask import Response

from portal.api import answers, schemas
from portal.api.answering import run_verb
from portal.api.smorest import Blueprint
from portal.tickets import fulfilling

blueprint = Blueprint("fulfilling", "Answer tickets that people carry out.")
ANSWER, NOTHING, TICKET = schemas.AnswerSchema(), schemas.NothingSchema(), answers.TicketSchema()


@blueprint.route("/tickets/<ref>/take", methods=["POST"])
@blueprint.arguments(NOTHING, required=False)
@blueprint.response(200, TICKET)
def take(_: dict[str, Any], ref: str) -> Response:
    """Say that you work on a generic ticket, as an operator; also in another operator's place."""
    return run_verb(fulfilling.take, ref)


@blueprint.route("/tickets/<ref>/fulfil", methods=["POST"])
@blueprint.arguments(ANSWER)
@blueprint.response(200, TICKET)
def fulfil(said: dict[str, Any], ref: str) -> Response:
    """Close a generic ticket with what was done, as an operator; a pending one is approved by the same word."""
    return run_verb(fulfilling.fulfil, ref, **said)


@blueprint.route("/tickets/<ref>/decline", methods=["POST"])
@blueprint.arguments(ANSWER)
@blueprint.response(200, TICKET)
def decline(said: dict[str, Any], ref: str) -> Response:
    """End a generic ticket with why it is not done, as an operator."""
    return run_verb(fulfilling.decline, ref, **said)
