"""Deciding: approve or reject the version of a ticket that one has read, or of several at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response
from marshmallow import fields

from portal.api import answers, problems
from portal.api.answering import answer, changed
from portal.api.context import actor, parts
from portal.api.decision_schemas import DecisionSchema, DecisionsSchema
from portal.api.idempotency import Edge, change, change_many
from portal.api.schema_base import Output
from portal.api.smorest import Blueprint
from portal.api.versions import version_seen
from portal.db import database_now
from portal.errors import MeshdeskError
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


class BecameSchema(Output):
    """What became of one decision of several."""

    ref = fields.String()
    status = fields.Integer(metadata={"description": "As a request of its own would have been answered."})
    state = fields.String(allow_none=True, metadata={"description": "The ticket's, where it was decided."})
    version = fields.Integer(allow_none=True)
    problem = fields.Nested(problems.ProblemSchema, allow_none=True)


class DecisionsMadeSchema(Output):
    """What became of each decision, in the order in which they were sent."""

    items = fields.List(fields.Nested(BecameSchema))


MADE = DecisionsMadeSchema()


@blueprint.route("/tickets/<ref>/decisions", methods=["POST"], parameters=[IF_MATCH])
@blueprint.arguments(DecisionSchema())
@blueprint.response(200, answers.TicketSchema())
def decide(said: dict[str, Any], ref: str) -> Response:
    """Approve or reject a ticket; several people may have to approve."""
    number = number_of(ref)

    def effect(edge: Edge) -> Response:
        verdict = verdict_of(said, version_seen())
        return changed(edge, deciding.decide(edge.session, number, verdict, by=edge.by, now=edge.now))

    return change(effect)


@blueprint.route("/decisions", methods=["POST"])
@blueprint.arguments(DecisionsSchema())
@blueprint.response(200, MADE)
def decide_all(said: dict[str, Any]) -> Response:
    """Decide on up to 100 tickets, each as it was read and by itself: what becomes of one changes no other."""
    return change_many(lambda: answer(MADE, {"items": [_became(item) for item in said["items"]]}))


def _became(item: dict[str, Any]) -> dict[str, Any]:
    words = dict(item)
    ref, version = words.pop("ref"), words.pop("version")
    try:
        return {"ref": ref, "status": 200, "problem": None, **_decided(ref, verdict_of(words, version))}
    except (MeshdeskError, *problems.UNAVAILABLE) as error:
        problem = problems.problem_of(error)
        told = problems.said_of(problem)
        return {"ref": ref, "status": problem.status, "state": None, "version": None, "problem": told}


def _decided(ref: str, verdict: deciding.Verdict) -> dict[str, Any]:
    with parts().database.unit_of_work() as session:
        now = database_now(session)
        ticket = deciding.decide(session, number_of(ref), verdict, by=actor(), now=now)
        session.flush()
        session.refresh(ticket, ["version"])
        return {"state": ticket.state.value, "version": ticket.version}


def verdict_of(said: dict[str, Any], version: int) -> deciding.Verdict:
    """What somebody says of a version of a ticket, from what DecisionSchema loads."""
    grant = said["grant"]
    if grant is not None:
        grant = replace(grant, shortest=parts().config.shortest_window)
    return deciding.Verdict(**{**said, "grant": grant}, version=version)
