"""Who is signed in, and as what."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.schema_base import Output
from portal.api.smorest import Blueprint
from portal.models import Membership, Tenant

blueprint = Blueprint("me", "Who you are.")


class TenantRolesSchema(Output):
    """A tenant of yours and your roles in it."""

    name = fields.String()
    title = fields.String()
    roles = fields.List(fields.String())
    via = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "The group that gives a role, by role, where one does."},
    )


class MeSchema(Output):
    """The person or service behind the token."""

    name = fields.String()
    title = fields.String()
    tenants = fields.List(fields.Nested(TenantRolesSchema))
    platform_roles = fields.List(fields.String())
    via = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "The same, of the platform's roles."}
    )
    groups = fields.List(fields.String(), metadata={"description": "Of the identity provider, at your last sign-in."})
    scopes = fields.List(fields.String(), metadata={"description": "What the token may be used for."})


ME = MeSchema()


@blueprint.route("/me")
@blueprint.response(200, ME)
def me() -> Response:
    """Say whose token this is, with the tenants and roles."""
    by = actor()
    with parts().database.reading() as session:
        via = _via(session, by)
        query = select(Tenant).where(Tenant.id.in_(by.tenant_ids), Tenant.active).order_by(Tenant.name)
        tenants = [_tenant(by, one, via) for one in session.scalars(query)]
    own = {"name": by.name, "title": by.title, "groups": sorted(by.groups), "scopes": sorted(by.scopes)}
    platform = {"platform_roles": sorted(by.platform_roles), "via": via.get(None, {})}
    return answer(ME, {**own, **platform, "tenants": tenants})


def _tenant(by: Actor, tenant: Tenant, via: dict[int | None, dict[str, str]]) -> dict[str, Any]:
    roles = sorted(role.value for id_, role in by.tenant_roles if id_ == tenant.id)
    return {"name": tenant.name, "title": tenant.title, "roles": roles, "via": via.get(tenant.id, {})}


def _via(session: Session, by: Actor) -> dict[int | None, dict[str, str]]:
    query = select(Membership.tenant_id, Membership.role, Membership.via)
    by_group = query.where(Membership.person_id == by.person_id, Membership.via.is_not(None))
    found: dict[int | None, dict[str, str]] = defaultdict(dict)
    for tenant_id, role, group in session.execute(by_group):
        found[tenant_id][role] = str(group)
    return found
