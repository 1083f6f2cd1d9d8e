"""One's own tokens, and those of one's services: listed, made and revoked; operators list and revoke any."""

from __future__ import annotations

from typing import Any

from flask import Response

from portal.access.tokens import Terms, scopes_of
from portal.api import credential_schemas, paging, schemas
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.idempotency import Edge, change
from portal.api.smorest import Blueprint
from portal.credentials import tokens
from portal.errors import NotFound
from portal.models import ApiToken

blueprint = Blueprint("tokens", "Personal tokens, and those of your services.")
LISTED, ONE = credential_schemas.TokenListSchema(), credential_schemas.TokenSchema()
MADE, WANTED = credential_schemas.TokenMadeSchema(), credential_schemas.TokenWantedSchema()
SECRET = "token"  # noqa: S105 - the name of a field
LARGEST = 2**63 - 1


@blueprint.route("/tokens")
@blueprint.arguments(credential_schemas.TokensAskedSchema(), location="query")
@blueprint.response(200, LISTED)
def list_tokens(asked: dict[str, Any]) -> Response:
    """List your tokens and those of your services, newest first; operators and auditors may list everybody's."""
    before = paging.number_of(asked["cursor"]) if asked["cursor"] else None
    wanted, limit = wanted_of(asked), asked["limit"]
    with parts().database.reading() as session:
        found = tokens.tokens(session, wanted, by=actor(), before=before, limit=limit + 1)
        shown = found[:limit]
        response = answer(LISTED, {"items": [view(row) for row in shown]})
    response.headers.update(paging.next_link(shown[-1].id) if len(found) > len(shown) else {})
    return response


@blueprint.route("/tokens", methods=["POST"])
@blueprint.arguments(WANTED)
@blueprint.response(201, MADE)
def make(terms: Terms) -> Response:
    """Make a token of your own, with scopes that the one in use has itself; it is shown this once."""
    tokens.refuse_longer(terms, parts().config.token_longest)

    def effect(edge: Edge) -> Response:
        return made_answer(tokens.make(edge.session, terms, by=edge.by, now=edge.now))

    return change(effect, secret=SECRET)


@blueprint.route("/tokens/<number>/revoke", methods=["POST"])
@blueprint.arguments(schemas.NothingSchema(), required=False)
@blueprint.response(200, ONE)
def revoke(_: dict[str, Any], number: str) -> Response:
    """End a token at once: one of yours, one of a service of yours, or as an operator any."""
    if not (number.isascii() and number.isdecimal() and int(number[:30]) <= LARGEST):
        raise NotFound(f"There is no token {number[:30]}.")

    def effect(edge: Edge) -> Response:
        return answer(ONE, view(tokens.revoke(edge.session, int(number), by=edge.by, now=edge.now)))

    return change(effect)


def wanted_of(asked: dict[str, Any]) -> tokens.Wanted:
    """Which tokens a query means, as TokensAskedSchema loads it."""
    return tokens.Wanted(asked["whose"] == "everybody", asked["state"], asked["person"])


def view(row: ApiToken) -> dict[str, Any]:
    """What TokenSchema shows."""
    same = ("id", "person", "name", "created_at", "expires_at", "last_used_at", "revoked_at")
    return {**{name: getattr(row, name) for name in same}, "scopes": sorted(scopes_of(row))}


def made_answer(made: tokens.Made) -> Response:
    """The answer that shows a new token."""
    row, token = made
    return answer(MADE, {**view(row), SECRET: token}, 201)
