"""Who decides for whom while that one is away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import fields

from portal.api import schemas
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.decision_schemas import DelegationSchema
from portal.api.idempotency import Edge, change
from portal.api.schema_base import Instant, Output
from portal.api.smorest import Blueprint
from portal.models import Delegation
from portal.tickets import delegating

blueprint = Blueprint("delegations", "Leave your decisions to somebody while you are away.")


class DelegationMadeSchema(Output):
    """One person's decisions in a tenant, left to another for a while."""

    id = fields.Integer()
    person = fields.String(attribute="person.name", metadata={"description": "Who is away."})
    to = fields.String(attribute="to.name", metadata={"description": "Who decides meanwhile."})
    tenant = fields.String(attribute="tenant.name")
    reason = fields.String()
    from_at = Instant(data_key="from")
    until = Instant()
    ended_at = Instant(allow_none=True, metadata={"description": "When it was taken back before its end."})
    ended_by = fields.String(allow_none=True)


class DelegationListSchema(Output):
    """Delegations, newest first."""

    items = fields.List(fields.Nested(DelegationMadeSchema))


ONE, ALL = DelegationMadeSchema(), DelegationListSchema()


@blueprint.route("/delegations")
@blueprint.response(200, ALL)
def list_delegations() -> Response:
    """List your own delegations, to you too, and those of your tenants."""
    with parts().database.reading() as session:
        return answer(ALL, {"items": delegating.known(session, by=actor())})


@blueprint.route("/delegations", methods=["POST"])
@blueprint.arguments(DelegationSchema())
@blueprint.response(201, ONE)
def delegate(said: dict[str, Any]) -> Response:
    """Leave your decisions in a tenant to somebody until a day, at most 60 days; they decide with your roles there."""
    leave = delegating.Leave(**said)
    return _made(lambda edge: delegating.delegate(edge.session, leave, by=edge.by, now=edge.now), 201)


@blueprint.route("/delegations/<number>/end", methods=["POST"])
@blueprint.arguments(schemas.NothingSchema(), required=False)
@blueprint.response(200, ONE)
def end(_: dict[str, Any], number: str) -> Response:
    """End a delegation before its time, as who made it, who stands in, or an operator."""
    known = delegating.number_of(number)
    return _made(lambda edge: delegating.end(edge.session, known, by=edge.by, now=edge.now))


def _made(verb: Callable[[Edge], Delegation], status: int = 200) -> Response:
    def effect(edge: Edge) -> Response:
        found = verb(edge)
        edge.session.refresh(found, ["person", "to", "tenant"])
        return answer(ONE, found, status)

    return change(effect)
