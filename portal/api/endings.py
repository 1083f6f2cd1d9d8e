"""Ending a ticket, and what a person does about work that is stuck: one POST each, named like the verb."""

from __future__ import annotations

from typing import Any

from flask import Response

from portal.api import answers, schemas
from portal.api.answering import run_verb
from portal.api.smorest import Blueprint
from portal.tickets import deciding, ending

blueprint = Blueprint("endings", "End a ticket, or have stuck work tried again.")
REASON, NOTHING, TICKET = schemas.ReasonSchema(), schemas.NothingSchema(), answers.TicketSchema()


@blueprint.route("/tickets/<ref>/withdraw", methods=["POST"])
@blueprint.arguments(REASON)
@blueprint.response(200, TICKET)
def withdraw(said: dict[str, Any], ref: str) -> Response:
    """Take back a request before its window opens."""
    return run_verb(ending.withdraw, ref, **said)


@blueprint.route("/tickets/<ref>/release", methods=["POST"])
@blueprint.arguments(REASON)
@blueprint.response(200, TICKET)
def release(said: dict[str, Any], ref: str) -> Response:
    """Give an open window back early."""
    return run_verb(ending.release, ref, **said)


@blueprint.route("/tickets/<ref>/revoke", methods=["POST"])
@blueprint.arguments(REASON)
@blueprint.response(200, TICKET)
def revoke(said: dict[str, Any], ref: str) -> Response:
    """End somebody's approved or open ticket, as a security partner, an owner or an operator."""
    return run_verb(ending.revoke, ref, **said)


@blueprint.route("/tickets/<ref>/retry", methods=["POST"])
@blueprint.arguments(NOTHING, required=False)
@blueprint.response(200, TICKET)
def retry(_: dict[str, Any], ref: str) -> Response:
    """Try a failed ticket again, or a hindered undo at once."""
    return run_verb(ending.retry, ref)


@blueprint.route("/tickets/<ref>/reapply", methods=["POST"])
@blueprint.arguments(NOTHING, required=False)
@blueprint.response(200, TICKET)
def reapply(_: dict[str, Any], ref: str) -> Response:
    """Write again what somebody removed while the window is open."""
    return run_verb(ending.reapply, ref)


@blueprint.route("/tickets/<ref>/preflight", methods=["POST"])
@blueprint.arguments(NOTHING, required=False)
@blueprint.response(200, TICKET)
def preflight(_: dict[str, Any], ref: str) -> Response:
    """Have a worker look at the workloads again."""
    return run_verb(deciding.ask_preflight, ref)
