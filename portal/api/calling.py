"""Waiting and owing: remind deciders, break the glass and review it, recertify what stays open for long."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from portal.api import answers, schemas
from portal.api.answering import changed, run_verb
from portal.api.idempotency import Edge, change
from portal.api.schema_base import NEEDED, Input, Words
from portal.api.smorest import Blueprint
from portal.tickets import awaiting, breaking_glass, recertifying
from portal.tickets.moving import number_of

blueprint = Blueprint("waiting", "Remind deciders, break the glass, review, recertify.")
REASON, NOTHING, TICKET = schemas.ReasonSchema(), schemas.NothingSchema(), answers.TicketSchema()


class ReviewSchema(Input):
    """What a reviewer says of a break-glass."""

    justified = fields.Boolean(required=True, truthy={True}, falsy={False}, error_messages=NEEDED)
    note = Words(required=True, error_messages=NEEDED, metadata={"description": "Why; the tenant reads it."})


class NoteSchema(Input):
    """Why a window may stay open."""

    note = Words(required=True, error_messages=NEEDED)


@blueprint.route("/tickets/<ref>/nudge", methods=["POST"])
@blueprint.arguments(NOTHING, required=False)
@blueprint.response(200, TICKET)
def nudge(_: dict[str, Any], ref: str) -> Response:
    """Have those who should decide reminded; once a day."""
    return run_verb(awaiting.nudge, ref)


@blueprint.route("/tickets/<ref>/break-glass", methods=["POST"])
@blueprint.arguments(REASON)
@blueprint.response(200, TICKET)
def break_glass(said: dict[str, Any], ref: str) -> Response:
    """In an emergency, where the rule allows it: begin now and be reviewed afterwards."""
    return run_verb(breaking_glass.break_glass, ref, **said)


@blueprint.route("/tickets/<ref>/review", methods=["POST"])
@blueprint.arguments(ReviewSchema())
@blueprint.response(200, TICKET)
def review(said: dict[str, Any], ref: str) -> Response:
    """Answer the review of a break-glass."""
    number = number_of(ref)

    def effect(edge: Edge) -> Response:
        answered = breaking_glass.Review(**said)
        return changed(edge, breaking_glass.review(edge.session, number, answered, by=edge.by, now=edge.now))

    return change(effect)


@blueprint.route("/tickets/<ref>/recertify", methods=["POST"])
@blueprint.arguments(NoteSchema())
@blueprint.response(200, TICKET)
def recertify(said: dict[str, Any], ref: str) -> Response:
    """Say that a long window may stay open."""
    return run_verb(recertifying.recertify, ref, **said)
