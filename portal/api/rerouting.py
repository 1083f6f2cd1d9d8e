"""Routing a pending ticket again, as an operator, after the policy changed."""

from __future__ import annotations

from typing import Any

from flask import Response

from portal.api import answers, schemas
from portal.api.answering import run_verb
from portal.api.smorest import Blueprint
from portal.tickets import rerouting

blueprint = Blueprint("rerouting", "Route a pending ticket again.")


@blueprint.route("/tickets/<ref>/reroute", methods=["POST"])
@blueprint.arguments(schemas.ReasonSchema())
@blueprint.response(200, answers.TicketSchema())
def reroute(said: dict[str, Any], ref: str) -> Response:
    """Route a pending ticket by the policy in force, as an operator; approvals that were given stay."""
    return run_verb(rerouting.reroute, ref, **said)
