"""Revoking everything of a tenant, a cluster or a kind, as an operator; tried first unless told otherwise."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from portal.api import schemas
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.idempotency import change_many
from portal.api.schema_base import Output
from portal.api.smorest import Blueprint
from portal.db import database_now
from portal.errors import MeshdeskError
from portal.models import Ticket
from portal.queries import ticket as ticket_of
from portal.tickets import ending, revoking

blueprint = Blueprint("revocations", "Revoke many tickets at once.")
# So that a request is answered in time however much is open; `more` says that another one is needed.
AT_ONCE = 200


class RevokedSchema(Output):
    """One ticket of a revocation."""

    ref = fields.String()
    kind = fields.String()
    tenant = fields.String()
    cluster = fields.String(allow_none=True)
    namespace = fields.String(allow_none=True)
    state = fields.String(metadata={"description": "As it is now."})


class ChangedSchema(Output):
    """A ticket that could not be ended because it changed meanwhile."""

    ref = fields.String()
    why = fields.String()


class RevocationMadeSchema(Output):
    """What a revocation ended, or would end."""

    dry_run = fields.Boolean()
    tickets = fields.List(
        fields.Nested(RevokedSchema),
        metadata={"description": "Newest first: those that were ended or, in a dry run, that would be."},
    )
    pending = fields.List(
        fields.Nested(RevokedSchema), metadata={"description": "Left alone: they opened nothing; reject them."}
    )
    changed = fields.List(fields.Nested(ChangedSchema), metadata={"description": "Changed meanwhile: look at them."})
    more = fields.Boolean(metadata={"description": "There are more: send the same again."})


MADE = RevocationMadeSchema()


@blueprint.route("/revocations", methods=["POST"])
@blueprint.arguments(schemas.RevocationSchema())
@blueprint.response(200, MADE)
def revoke_all(said: dict[str, Any]) -> Response:
    """Say which tickets of a tenant, a cluster or a kind would be ended; with `dry_run` false end at most 200."""
    return change_many(lambda: answer(MADE, revoked(said)))


def revoked(said: dict[str, Any]) -> dict[str, Any]:
    """What RevocationMadeSchema shows of a revocation, made or tried as RevocationSchema loads it."""
    scope = revoking.Scope(**{name: said[name] for name in ("tenant", "cluster", "kind")})
    with parts().database.reading() as session:
        planned = revoking.plan(session, scope, by=actor())
        ends, pending = [_view(one) for one in planned.ends], [_view(one) for one in planned.pending]
    whole: dict[str, Any] = {"dry_run": said["dry_run"], "pending": pending, "changed": []}
    if said["dry_run"]:
        return {**whole, "tickets": ends, "more": False}
    ended: list[dict[str, Any]] = []
    for ticket in planned.ends[:AT_ONCE]:
        # A transaction for each ticket: one for all would keep workers (and on SQLite everybody) from every one of
        # them till the last is done, would lock tickets and chains in another order than workers and seals do, and
        # would lose all for one that changed meanwhile. Sent again, it ends what is left.
        try:
            ended.append(_end(ticket.id, said["reason"]))
        except MeshdeskError as error:
            whole["changed"].append({"ref": ticket.ref, "why": error.sentence})
    return {**whole, "tickets": ended, "more": len(ends) > AT_ONCE}


def _end(ticket_id: int, reason: str) -> dict[str, Any]:
    with parts().database.unit_of_work() as session:
        ending.revoke(session, ticket_id, reason=reason, by=actor(), now=database_now(session))
        return _view(ticket_of(session, ticket_id, by=actor()))


def _view(ticket: Ticket) -> dict[str, Any]:
    same = {name: getattr(ticket, name) for name in ("ref", "kind", "cluster", "namespace")}
    return {**same, "tenant": ticket.tenant.name, "state": ticket.state.value}
