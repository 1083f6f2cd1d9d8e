"""The services of a tenant: programs with a name, roles and tokens of their own, for which a person answers."""

from __future__ import annotations

from typing import Any

from flask import Response

from portal.access.tokens import Terms
from portal.api import credential_schemas, schemas
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.idempotency import Edge, change
from portal.api.smorest import Blueprint
from portal.api.tokens import MADE, SECRET, WANTED, made_answer
from portal.credentials import services, tokens

blueprint = Blueprint("services", "Services of a tenant and their tokens.")
LISTED, ONE = credential_schemas.ServiceListSchema(), credential_schemas.ServiceSchema()


@blueprint.route("/tenants/<name>/services")
@blueprint.response(200, LISTED)
def list_services(name: str) -> Response:
    """List the services of a tenant, with their owners and when they were last used."""
    with parts().database.reading() as session:
        return answer(LISTED, {"items": services.services(session, name, by=actor())})


@blueprint.route("/tenants/<name>/services", methods=["POST"])
@blueprint.arguments(credential_schemas.ServiceWantedSchema())
@blueprint.response(201, ONE)
def make(wanted: services.Wanted, name: str) -> Response:
    """Make a service that you answer for, with some of your own roles in the tenant."""

    def effect(edge: Edge) -> Response:
        return answer(ONE, services.make(edge.session, name, wanted, by=edge.by, now=edge.now), 201)

    return change(effect)


@blueprint.route("/tenants/<name>/services/<service>/remove", methods=["POST"])
@blueprint.arguments(schemas.NothingSchema(), required=False)
@blueprint.response(200, ONE)
def remove(_: dict[str, Any], name: str, service: str) -> Response:
    """End a service and all of its tokens at once; its name is not used again."""

    def effect(edge: Edge) -> Response:
        return answer(ONE, services.remove(edge.session, name, service, by=edge.by, now=edge.now))

    return change(effect)


@blueprint.route("/tenants/<name>/services/<service>/tokens", methods=["POST"])
@blueprint.arguments(WANTED)
@blueprint.response(201, MADE)
def make_token(terms: Terms, name: str, service: str) -> Response:
    """Make a token for a service of yours; it is shown this once."""
    tokens.refuse_longer(terms, parts().config.token_longest)

    def effect(edge: Edge) -> Response:
        person = services.person_for_token(edge.session, name, service, by=edge.by)
        return made_answer(tokens.make(edge.session, terms, by=edge.by, now=edge.now, service=person))

    return change(effect, secret=SECRET)
