"""The views of the list of tickets that you keep under names."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Response
from marshmallow import Schema, ValidationError, fields, validate

from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.idempotency import Edge, change
from portal.api.schema_base import NEEDED, Input, Instant, Output
from portal.api.schemas import ListSchema
from portal.api.smorest import Blueprint
from portal.errors import Invalid
from portal.tickets import filters
from portal.tickets.asking import flatten

blueprint = Blueprint("filters", "Views of the list of tickets that you keep.")
LIST = ListSchema()
PASSING = ("cursor", "limit")


class FilterSchema(Input):
    """A view to keep."""

    query = fields.String(
        required=True,
        error_messages=NEEDED,
        validate=validate.Length(max=4000, error="Give at most 4000 characters."),
        metadata={"description": "As in the address of the list: `state=active&cluster=practice`."},
    )


class NameSchema(Input):
    """Under which name."""

    name = fields.String(
        required=True,
        error_messages=NEEDED,
        validate=validate.Regexp(
            r"^[^\s/\x00-\x1f\x7f]([^/\x00-\x1f\x7f]{0,58}[^\s/\x00-\x1f\x7f])?\Z",
            error="Give it a name of 1 to 60 characters in one line, without slashes and without spaces around it.",
        ),
    )


class KeptSchema(Output):
    """A view that is kept."""

    name = fields.String()
    query = fields.String()
    saved_at = Instant()


class KeptListSchema(Output):
    """Those that you keep, by name."""

    items = fields.List(fields.Nested(KeptSchema))


ONE, ALL, NAME = KeptSchema(), KeptListSchema(), NameSchema()


def plain_query(query: str) -> str:
    """A query of the list without what only one page of it had; raises Invalid for what the list would not take."""
    chosen = {name: said for name, said in parse_qsl(query.removeprefix("?")) if name not in PASSING}
    _loaded(LIST, chosen)
    return urlencode(chosen)


def name_of(name: str) -> str:
    """A name under which a filter can be kept; raises Invalid."""
    return str(_loaded(NAME, {"name": name})["name"])


def _loaded(schema: Schema, sent: dict[str, Any]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = schema.load(sent)
    except ValidationError as error:
        raise Invalid(flatten(error.normalized_messages(), "")) from error  # type: ignore[no-untyped-call]
    return found


@blueprint.route("/me/filters")
@blueprint.response(200, ALL)
def list_filters() -> Response:
    """List the views that you keep."""
    with parts().database.reading() as session:
        return answer(ALL, {"items": filters.all_of(session, by=actor())})


@blueprint.route("/me/filters/<filter>")
@blueprint.response(200, ONE)
def show_filter(filter: str) -> Response:  # noqa: A002 - the name of the path's part
    """Show one of them."""
    with parts().database.reading() as session:
        return answer(ONE, filters.one(session, filter, by=actor()))


@blueprint.route("/me/filters/<filter>", methods=["PUT"])
@blueprint.arguments(FilterSchema())
@blueprint.response(200, ONE)
def keep_filter(said: dict[str, Any], filter: str) -> Response:  # noqa: A002 - the same
    """Keep a view under a name, over the one that stood there."""

    def effect(edge: Edge) -> Response:
        kept = (name_of(filter), plain_query(said["query"]))
        return answer(ONE, filters.keep(edge.session, *kept, by=edge.by, now=edge.now))

    return change(effect)


@blueprint.route("/me/filters/<filter>", methods=["DELETE"])
@blueprint.response(200, ONE)
def forget_filter(filter: str) -> Response:  # noqa: A002 - the same
    """Forget one of them; the answer has it for the last time."""

    def effect(edge: Edge) -> Response:
        return answer(ONE, filters.forget(edge.session, filter, by=edge.by))

    return change(effect)
