"""People as operators and auditors see them, and what an operator does to one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.access import rights
from portal.access.rights import Action
from portal.api import paging
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.idempotency import Edge, change
from portal.api.schema_base import NAME, Instant, Output
from portal.api.schemas import PageSchema, ReasonSchema
from portal.api.smorest import Blueprint
from portal.models import Person, Source
from portal.queries import people as selects
from portal.queries.people import STATES
from portal.tickets import people as verbs

blueprint = Blueprint("people", "Who may act, who vouches for them, and letting somebody act no more.")


class PersonSchema(Output):
    """Somebody who acts, or did once."""

    name = fields.String()
    title = fields.String()
    email = fields.String(allow_none=True)
    source = fields.String(metadata={"description": "Who vouches for them: registry, identity-provider or service."})
    may_act = fields.Boolean(
        metadata={"description": "false: nobody vouches for them, or an operator deactivated them."}
    )
    issuer = fields.String(allow_none=True, metadata={"description": "The identity provider to which they are bound."})
    subject = fields.String(allow_none=True, metadata={"description": "Who they are to it."})
    seen_at = Instant(allow_none=True, metadata={"description": "When it last vouched for them."})
    deactivated_at = Instant(allow_none=True)
    deactivated_by = fields.String(allow_none=True)
    deactivated_reason = fields.String(allow_none=True)


class PeopleSchema(Output):
    """A page of people."""

    items = fields.List(fields.Nested(PersonSchema))


class AskedSchema(PageSchema):
    """Which people to list."""

    search = fields.String(
        load_default=None, validate=NAME, metadata={"description": "A part of the name, the title or the address."}
    )
    state = fields.String(load_default=None, validate=validate.OneOf(STATES, error=f"Use one of {', '.join(STATES)}."))
    source = fields.String(load_default=None, validate=validate.OneOf(list(Source), error="Use one of {choices}."))


PERSON, PEOPLE = PersonSchema(), PeopleSchema()


@blueprint.route("/people")
@blueprint.arguments(AskedSchema(), location="query")
@blueprint.response(200, PEOPLE)
def people(page: dict[str, Any]) -> Response:
    """List everybody, newest first, for operators and auditors."""
    rights.check(actor(), Action.PEOPLE_LIST, "", tenant_id=None)
    before = None if page["cursor"] is None else paging.number_of(page["cursor"])
    with parts().database.reading() as session:
        found = selects.everybody(session, wanted_of(page), before=before, limit=page["limit"])
    shown = found[: page["limit"]]
    response = answer(PEOPLE, {"items": shown})
    if len(found) > len(shown):
        response.headers.update(paging.next_link(shown[-1].id))
    return response


@blueprint.route("/people/<person>/deactivate", methods=["POST"])
@blueprint.arguments(ReasonSchema())
@blueprint.response(200, PERSON)
def deactivate(said: dict[str, Any], person: str) -> Response:
    """Let somebody do nothing more, at once: their sessions end, their tokens are refused."""
    return _run(verbs.deactivate, person, said["reason"])


@blueprint.route("/people/<person>/activate", methods=["POST"])
@blueprint.arguments(ReasonSchema())
@blueprint.response(200, PERSON)
def activate(said: dict[str, Any], person: str) -> Response:
    """Let somebody whom an operator deactivated act again."""
    return _run(verbs.activate, person, said["reason"])


@blueprint.route("/people/<person>/unbind", methods=["POST"])
@blueprint.arguments(ReasonSchema())
@blueprint.response(200, PERSON)
def unbind(said: dict[str, Any], person: str) -> Response:
    """Let go of somebody's identity: the next who signs in with this name is this person."""
    return _run(verbs.unbind, person, said["reason"])


def wanted_of(asked: dict[str, Any]) -> selects.PeopleFilter:
    """Which people a query means, as AskedSchema loads it."""
    return selects.PeopleFilter(asked["search"], asked["state"], asked["source"])


def _run(verb: Callable[..., Person], name: str, reason: str) -> Response:
    def effect(edge: Edge) -> Response:
        return answer(PERSON, verb(edge.session, name, reason=reason, by=edge.by, now=edge.now))

    return change(effect)
