"""The log of deliveries, for operators and auditors: what is on its way, what was given up and why."""

from __future__ import annotations

import re
from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.access import rights
from portal.access.rights import Action
from portal.api import paging, schemas
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.idempotency import Edge, change
from portal.api.schema_base import NAME, Instant, Output
from portal.api.smorest import Blueprint
from portal.models import Delivery
from portal.notify import delivering
from portal.notify.words import path_of
from portal.queries import notices
from portal.queries.notices import STATES, DeliveryFilter, state_of
from portal.tickets.moving import number_of

blueprint = Blueprint("deliveries", "How notices went.")


class DeliverySchema(Output):
    """A notice on its way to one recipient."""

    id = fields.Integer()
    ref = fields.String(metadata={"description": "The ticket; the name of a cluster of which no ticket tells."})
    sort = fields.String()
    channel = fields.String(metadata={"description": "Its name in the channels file; `mail` is one's own address."})
    recipient = fields.String()
    digest = fields.Boolean()
    state = fields.String(metadata={"description": "waiting, delivered, given-up or no-channel."})
    attempts = fields.Integer()
    sent_as = fields.String(
        allow_none=True, metadata={"description": "In the Message-ID, or `Meshdesk-Delivery`; null: not yet tried."}
    )
    noted_at = Instant()
    due_at = Instant(metadata={"description": "When it is next tried."})
    delivered_at = Instant(allow_none=True)
    given_up_at = Instant(allow_none=True)
    problem = fields.String(allow_none=True, metadata={"description": "Why the last try failed."})


class DeliveryPageSchema(Output):
    """A page of deliveries, newest first; the Link header leads to the next."""

    items = fields.List(fields.Nested(DeliverySchema))


class LogSchema(schemas.PageSchema):
    """Which deliveries to list."""

    state = fields.String(
        load_default=None, validate=validate.OneOf(list(STATES), error=f"Use one of {', '.join(STATES)}.")
    )
    channel = fields.String(load_default=None, validate=NAME)
    ticket = fields.String(load_default=None, validate=NAME, metadata={"description": "A reference, like MD-142."})


NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
SAME = (
    "id",
    "channel",
    "recipient",
    "digest",
    "attempts",
    "sent_as",
    "due_at",
    "delivered_at",
    "given_up_at",
    "problem",
)
PAGE, DELIVERY, NOTHING = DeliveryPageSchema(), DeliverySchema(), schemas.NothingSchema()


@blueprint.route("/deliveries")
@blueprint.arguments(LogSchema(), location="query")
@blueprint.response(200, PAGE)
def list_deliveries(asked: dict[str, Any]) -> Response:
    """List deliveries, newest first, as an operator or an auditor."""
    rights.check(actor(), Action.DELIVERIES, "", tenant_id=None)
    wanted = wanted_of(asked)
    before = paging.number_of(asked["cursor"]) if asked["cursor"] else None
    with parts().database.reading() as session:
        found = notices.deliveries(session, wanted, before=before, limit=asked["limit"])
        shown = found[: asked["limit"]]
        response = answer(PAGE, {"items": [delivery_view(one) for one in shown]})
    response.headers.update(paging.next_link(shown[-1].id) if len(found) > len(shown) else {})
    return response


@blueprint.route("/deliveries/<number>/retry", methods=["POST"])
@blueprint.arguments(NOTHING, required=False)
@blueprint.response(200, DELIVERY)
def retry(_: dict[str, Any], number: str) -> Response:
    """Have a delivery that did not arrive tried again now, as an operator."""
    wanted = delivery_number(number)

    def effect(edge: Edge) -> Response:
        return answer(DELIVERY, delivery_view(delivering.retry(edge.session, wanted, by=edge.by, now=edge.now)))

    return change(effect)


def wanted_of(asked: dict[str, Any]) -> DeliveryFilter:
    """Which deliveries a query means, as LogSchema loads it; raises NotFound for what is no reference."""
    ticket = None if asked["ticket"] is None else number_of(asked["ticket"])
    return DeliveryFilter(asked["state"], asked["channel"], ticket)


def delivery_number(text: str) -> int:
    """The number of a delivery as an address has it; 0, which none has, for other text."""
    return int(text) if NUMBER.fullmatch(text) else 0


def delivery_view(delivery: Delivery) -> dict[str, Any]:
    """What DeliverySchema shows."""
    notice = delivery.notice
    told = {"ref": notice.data["ref"], "sort": notice.sort, "noted_at": notice.created_at, "path": path_of(notice.data)}
    return {**{name: getattr(delivery, name) for name in SAME}, **told, "state": state_of(delivery)}
