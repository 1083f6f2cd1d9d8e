"""Deciding: approve or reject the version of a ticket that one has read."""

from __future__ import annotations

from typing import Any

from flask import Response

from portal.api import answers, schemas
from portal.api.answering import changed
from portal.api.idempotency import Edge, change
from portal.api.smorest import Blueprint
from portal.api.versions import version_seen
from portal.tickets import deciding
from portal.tickets.moving import number_of

blueprint = Blueprint("decisions", "Approve or reject.")
IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string"},
    "description": "The ETag of the ticket as you read it.",
}


@blueprint.route("/tickets/<ref>/decisions", methods=["POST"], parameters=[IF_MATCH])
@blueprint.arguments(schemas.DecisionSchema())
@blueprint.response(200, answers.TicketSchema())
def decide(said: dict[str, Any], ref: str) -> Response:
    """Approve or reject a ticket; several people may have to approve."""
    number = number_of(ref)

    def effect(edge: Edge) -> Response:
        verdict = deciding.Verdict(**said, version=version_seen())
        return changed(edge, deciding.decide(edge.session, number, verdict, by=edge.by, now=edge.now))

    return change(effect)
