"""Saying that a cluster is gone for good, as an operator."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from portal.api import schemas
from portal.api.answering import answer
from portal.api.idempotency import Edge, change
from portal.api.schema_base import Output
from portal.api.smorest import Blueprint
from portal.tickets.giving_up import GivenUp, give_up

blueprint = Blueprint("gone", "Close what cannot be undone, because its cluster is gone for good.")


class GoneSchema(Output):
    """What the operators' words did."""

    cluster = fields.String()
    said_by = fields.List(fields.String(), metadata={"description": "Operators, in the order of their words."})
    closed = fields.List(fields.String(), metadata={"description": "Tickets that are closed now, unproven for ever."})
    next = fields.String()


GONE = GoneSchema()


@blueprint.route("/clusters/<name>/gone", methods=["POST"])
@blueprint.arguments(schemas.ReasonSchema())
@blueprint.response(200, GONE)
def gone(said: dict[str, Any], name: str) -> Response:
    """Say that a cluster is gone for good; with a second operator's word what is open on it closes, unproven."""

    def effect(edge: Edge) -> Response:
        done = give_up(edge.session, name, reason=said["reason"], by=edge.by, now=edge.now)
        same = {"cluster": done.cluster, "said_by": done.said_by, "closed": done.closed}
        return answer(GONE, {**same, "next": _next(done)})

    return change(effect)


def _next(done: GivenUp) -> str:
    if done.closed:
        return "They are closed, and say for ever that nobody could read whether what they opened is gone."
    return "Nothing is closed yet: it takes another operator to say so too."
