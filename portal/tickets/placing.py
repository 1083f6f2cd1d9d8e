"""Where an ask belongs: its cluster and namespaces, the tenant that owns them, and the environment that routes it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import queries
from portal.access import rights
from portal.access.actor import TENANT_ROLES, Actor
from portal.access.rights import Action
from portal.errors import Invalid, NotFound
from portal.kinds.base import Fields, Kind, Scope
from portal.models import Tenant
from portal.policy.vocabulary import ENVIRONMENTS
from portal.queries import Place
from portal.tickets.ask import Ask

# What no namespace says anything about is routed as if it were production.
UNKNOWN = ENVIRONMENTS[-1]


def place_of(session: Session, ask: Ask, kind: Kind[Any], fields: Fields, *, by: Actor) -> Place:
    """The place of an ask that the actor may make; raises Invalid with the field, NotFound, Forbidden."""
    if kind.scope is Scope.NAMESPACE:
        place = _one(session, ask, by)
    elif kind.scope is Scope.NAMESPACES:
        place = _several(session, ask, kind.namespaces(fields), by)
    else:
        place = _one(session, ask, by) if ask.namespace is not None else _of_tenant(session, ask, by)
    rights.check(by, Action.ASK, f"(tenant {place.tenant.name})", tenant_id=place.tenant.id)
    if ask.tenant is not None and ask.tenant != place.tenant.name:
        raise Invalid({"tenant": [f"That is tenant {place.tenant.name}'s: leave this out."]})
    return place


def _one(session: Session, ask: Ask, by: Actor) -> Place:
    cluster = _cluster(ask)
    if ask.namespace is None:
        raise Invalid({"namespace": ["Name a namespace of your tenant."]})
    return queries.place(session, cluster, ask.namespace, by=by)


def _cluster(ask: Ask) -> str:
    if ask.cluster is None:
        raise Invalid({"cluster": ["Name the cluster (GET /clusters lists yours)."]})
    return ask.cluster


def _several(session: Session, ask: Ask, namespaces: list[str], by: Actor) -> Place:
    cluster = _cluster(ask)
    if ask.namespace is not None:
        raise Invalid({"namespace": ["The fields of this kind name its namespaces: leave this out."]})
    places = [queries.place(session, cluster, name, by=by) for name in namespaces]
    tenants = {place.tenant.name for place in places}
    if len(tenants) > 1:
        sentence = f"These are of several tenants ({', '.join(sorted(tenants))}): make a ticket for each."
        raise Invalid({"fields.namespaces": [sentence]})
    strictest = max((place.environment for place in places), key=ENVIRONMENTS.index)
    return Place(cluster, None, places[0].tenant, strictest)


def _of_tenant(session: Session, ask: Ask, by: Actor) -> Place:
    if ask.cluster is not None:
        raise Invalid({"cluster": ["Name the namespace on it too, or leave the cluster out."]})
    mine = [tenant for tenant in session.scalars(select(Tenant).where(Tenant.active)) if _is_of(tenant, by)]
    chosen = mine if ask.tenant is None else [tenant for tenant in mine if tenant.name == ask.tenant]
    if not chosen:
        raise NotFound("You belong to no such tenant: GET /me lists yours.")
    if len(chosen) > 1:
        names = ", ".join(sorted(tenant.name for tenant in chosen))
        raise Invalid({"tenant": [f"You belong to several: say for which this is ({names})."]})
    return Place(None, None, chosen[0], UNKNOWN)


def _is_of(tenant: Tenant, by: Actor) -> bool:
    return bool(by.roles_in(tenant.id) & TENANT_ROLES)
