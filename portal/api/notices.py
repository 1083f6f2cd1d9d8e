"""Who was told what of a ticket, and how somebody wants to be told."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal import queries
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.idempotency import Edge, change
from portal.api.schema_base import NEEDED, Input, Instant, Output
from portal.api.smorest import Blueprint
from portal.models import Delivery, Notice
from portal.notify import preferences, words
from portal.notify.preferences import Preferences
from portal.notify.sorts import MEANINGS, URGENT, Sort
from portal.queries.notices import state_of, told
from portal.tickets.moving import number_of

blueprint = Blueprint("notices", "Who was told what, and how you are told.")


class ToldSchema(Output):
    """Somebody who was told: a person, a tenant's channel, or the operators."""

    recipient = fields.String()
    channel = fields.String(metadata={"description": "`mail` is the person's own address, which is not shown."})
    digest = fields.Boolean(metadata={"description": "With the day's others, at the hour of digests."})
    state = fields.String(metadata={"description": "waiting, delivered, given-up or no-channel."})
    delivered_at = Instant(allow_none=True)


class NoticeSchema(Output):
    """One thing that was told."""

    ref = fields.String()
    sort = fields.String()
    title = fields.String()
    next = fields.String(metadata={"description": "What to do next."})
    at = Instant()
    recipients = fields.List(
        fields.String(), metadata={"description": "Who was told, for as long as there is the ticket."}
    )
    told = fields.List(fields.Nested(ToldSchema), metadata={"description": "How that went, for a month."})


class NoticeListSchema(Output):
    """All notices of a ticket, oldest first."""

    items = fields.List(fields.Nested(NoticeSchema))


class SortSchema(Output):
    """One sort of notices."""

    name = fields.String()
    meaning = fields.String()
    urgent = fields.Boolean(metadata={"description": "Sent at once whatever you prefer, and never muted."})


class PreferencesSchema(Output):
    """How you are told."""

    digest = fields.Boolean(metadata={"description": "Once a day instead of at once."})
    digest_hour = fields.Integer(metadata={"description": "The hour of the day, in UTC."})
    muted = fields.List(fields.String())
    sorts = fields.List(fields.Nested(SortSchema), metadata={"description": "All that there are."})


class WishSchema(Input):
    """How you want to be told from now on."""

    digest = fields.Boolean(required=True, truthy={True}, falsy={False}, error_messages=NEEDED)
    muted = fields.List(
        fields.String(validate=validate.OneOf(list(Sort), error=f"Use some of {', '.join(Sort)}.")),
        required=True,
        error_messages=NEEDED,
    )


NOTICES, PREFERENCES = NoticeListSchema(), PreferencesSchema()


@blueprint.route("/tickets/<ref>/notices")
@blueprint.response(200, NOTICES)
def notices(ref: str) -> Response:
    """Tell who was told what of a ticket, when, and whether it arrived; addresses are not shown."""
    with parts().database.reading() as session:
        ticket = queries.ticket(session, number_of(ref), by=actor())
        return answer(NOTICES, {"items": [_notice(*pair) for pair in told(session, ticket.id)]})


def _notice(notice: Notice, deliveries: list[Delivery]) -> dict[str, Any]:
    return {
        "ref": notice.data["ref"],
        "sort": notice.sort,
        "title": words.title_of(notice.data),
        "next": notice.data["next"],
        "at": notice.created_at,
        "recipients": notice.data["told"],
        "told": [_told(one) for one in deliveries],
    }


def _told(delivery: Delivery) -> dict[str, Any]:
    same = ("recipient", "channel", "digest", "delivered_at")
    return {**{name: getattr(delivery, name) for name in same}, "state": state_of(delivery)}


@blueprint.route("/me/notifications")
@blueprint.response(200, PREFERENCES)
def show() -> Response:
    """Show how you are told, and what there is to be told of."""
    with parts().database.reading() as session:
        return _preferences(preferences.preferences_of(session, by=actor()))


@blueprint.route("/me/notifications", methods=["PUT"])
@blueprint.arguments(WishSchema())
@blueprint.response(200, PREFERENCES)
def put(wish: dict[str, Any]) -> Response:
    """Say how you want to be told: at once or once a day, and of what not at all; what is urgent comes anyway."""

    def effect(edge: Edge) -> Response:
        wanted = Preferences(wish["digest"], tuple(Sort(one) for one in wish["muted"]))
        return _preferences(preferences.prefer(edge.session, wanted, by=edge.by))

    return change(effect)


def _preferences(found: Preferences) -> Response:
    sorts = [{"name": sort.value, "meaning": words_, "urgent": sort in URGENT} for sort, words_ in MEANINGS.items()]
    hour = parts().config.digest_hour
    return answer(PREFERENCES, {"digest": found.digest, "digest_hour": hour, "muted": found.muted, "sorts": sorts})
