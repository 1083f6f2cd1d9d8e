"""A tenant's own reasons to reject, kept under names."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import ValidationError, fields

from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.decision_schemas import TemplateSchema
from portal.api.idempotency import Edge, change
from portal.api.schema_base import Instant, Output
from portal.api.smorest import Blueprint
from portal.errors import Invalid
from portal.fields import dns_label
from portal.tickets import templates

blueprint = Blueprint("reject_templates", "Reasons to reject, in a tenant's own words.")
PATH = "/tenants/<name>/reject-templates"


class TemplateKeptSchema(Output):
    """A reason to reject."""

    name = fields.String()
    text = fields.String()
    written_by = fields.String()
    written_at = Instant()


class TemplateListSchema(Output):
    """A tenant's reasons to reject, by name."""

    items = fields.List(fields.Nested(TemplateKeptSchema))


ONE, ALL = TemplateKeptSchema(), TemplateListSchema()


@blueprint.route(PATH)
@blueprint.response(200, ALL)
def list_templates(name: str) -> Response:
    """List a tenant's reasons to reject."""
    with parts().database.reading() as session:
        return answer(ALL, {"items": templates.all_of(session, name, by=actor())})


@blueprint.route(f"{PATH}/<template>")
@blueprint.response(200, ONE)
def show_template(name: str, template: str) -> Response:
    """Show one reason to reject."""
    with parts().database.reading() as session:
        return answer(ONE, templates.one(session, name, template, by=actor()))


@blueprint.route(f"{PATH}/<template>", methods=["PUT"])
@blueprint.arguments(TemplateSchema())
@blueprint.response(200, ONE)
def keep_template(said: dict[str, Any], name: str, template: str) -> Response:
    """Keep a reason to reject under a name, over the one that stood there, as an owner or a security partner."""
    try:
        dns_label(template)
    except ValidationError as error:
        raise Invalid({"template": [str(message) for message in error.messages]}) from error

    def effect(edge: Edge) -> Response:
        kept = templates.keep(edge.session, (name, template), text=said["text"], by=edge.by, now=edge.now)
        return answer(ONE, kept)

    return change(effect)


@blueprint.route(f"{PATH}/<template>", methods=["DELETE"])
@blueprint.response(200, ONE)
def remove_template(name: str, template: str) -> Response:
    """Forget a reason to reject; the answer has it for the last time."""

    def effect(edge: Edge) -> Response:
        return answer(ONE, templates.remove(edge.session, (name, template), by=edge.by, now=edge.now))

    return change(effect)
