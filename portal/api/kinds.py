"""What can be asked: the kinds of tickets, each with the JSON Schema of its fields."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from portal.api.answering import answer
from portal.api.schema_base import Output
from portal.api.smorest import Blueprint
from portal.errors import NotFound
from portal.kinds.base import Kind
from portal.kinds.registry import KINDS, json_schema

blueprint = Blueprint("kinds", "What can be asked for.")


class KindSchema(Output):
    """A kind of ticket."""

    name = fields.String()
    title = fields.String()
    summary = fields.String()
    costs = fields.String(metadata={"description": "What it costs whoever asks: restarts, encryption."})
    needs = fields.String(metadata={"description": "What whoever asks has to say."})
    scope = fields.String(
        metadata={
            "description": "What the envelope names: `namespace` (a cluster and one of its namespaces), `namespaces` "
            "(a cluster; the fields name the namespaces) or `anything` (a tenant or a namespace, where needed)."
        }
    )
    schema = fields.Raw(metadata={"description": "JSON Schema (2020-12) of the request's `fields`."})


class KindListSchema(Output):
    """Kinds by name."""

    items = fields.List(fields.Nested(KindSchema))


ONE, ALL = KindSchema(), KindListSchema()


@blueprint.route("/kinds")
@blueprint.response(200, ALL)
def list_kinds() -> Response:
    """List what can be asked for."""
    return answer(ALL, {"items": [_view(kind) for _, kind in sorted(KINDS.items())]})


@blueprint.route("/kinds/<name>")
@blueprint.response(200, ONE)
def show_kind(name: str) -> Response:
    """Show one kind with the JSON Schema of its fields."""
    if name not in KINDS:
        raise NotFound(f"There is no kind {name}: GET /kinds lists those that there are.")
    return answer(ONE, _view(KINDS[name]))


def _view(kind: Kind[Any]) -> dict[str, Any]:
    same = {name: getattr(kind, name) for name in ("name", "title", "summary", "costs", "needs")}
    return {**same, "scope": kind.scope.value, "schema": json_schema(kind)}
