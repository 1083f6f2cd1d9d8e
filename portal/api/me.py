"""Who is signed in, and as what."""

from __future__ import annotations

from flask import Response
from marshmallow import fields
from sqlalchemy import select

from portal.access.actor import Actor
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.schema_base import Output
from portal.api.smorest import Blueprint
from portal.models import Tenant

blueprint = Blueprint("me", "Who you are.")


class TenantRolesSchema(Output):
    """A tenant of yours and your roles in it."""

    name = fields.String()
    title = fields.String()
    roles = fields.List(fields.String())


class MeSchema(Output):
    """The person behind the token."""

    name = fields.String()
    title = fields.String()
    tenants = fields.List(fields.Nested(TenantRolesSchema))
    platform_roles = fields.List(fields.String())


ME = MeSchema()


@blueprint.route("/me")
@blueprint.response(200, ME)
def me() -> Response:
    """Say whose token this is, with the tenants and roles."""
    by = actor()
    with parts().database.reading() as session:
        query = select(Tenant).where(Tenant.id.in_(by.tenant_ids), Tenant.active).order_by(Tenant.name)
        tenants = [{"name": one.name, "title": one.title, "roles": _roles(by, one)} for one in session.scalars(query)]
    return answer(
        ME, {"name": by.name, "title": by.title, "tenants": tenants, "platform_roles": sorted(by.platform_roles)}
    )


def _roles(by: Actor, tenant: Tenant) -> list[str]:
    return sorted(role.value for id_, role in by.tenant_roles if id_ == tenant.id)
