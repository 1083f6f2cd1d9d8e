"""Revoking everything of a tenant, a cluster or a kind: which tickets that would end.

The edge (api/revocations.py) has `ending.revoke` end each of them, in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import Invalid
from portal.kinds.registry import kind_named
from portal.models import Cluster, Tenant, Ticket
from portal.states import State

# What `ending.revoke` ends; a PENDING ticket has opened nothing and is its deciders' to reject.
REVOCABLE = frozenset({State.APPROVED, State.FAILED, State.APPLYING, State.ACTIVE})


@dataclass(frozen=True)
class Scope:
    """Whose tickets: all that is named must fit; None does not restrict."""

    tenant: str | None = None
    cluster: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a revocation would end, newest first, and the pending tickets that it leaves alone."""

    ends: Sequence[Ticket]
    pending: Sequence[Ticket]


def plan(session: Session, scope: Scope, *, by: Actor) -> Plan:
    """The tickets of the scope; raises Forbidden, and Invalid for a scope that names nothing or what there is not."""
    rights.check(by, Action.REVOKE_ALL, "", tenant_id=None)
    _known(session, scope)
    found = session.scalars(_within(scope).order_by(Ticket.id.desc())).all()
    return Plan(
        [ticket for ticket in found if ticket.state in REVOCABLE],
        [ticket for ticket in found if ticket.state is State.PENDING],
    )


def _known(session: Session, scope: Scope) -> None:
    """A word that is misspelt must not read as `there is nothing to revoke`."""
    if scope == Scope():
        raise Invalid({"body": ["Name a tenant, a cluster or a kind: there is no revoking of everything at once."]})
    if scope.kind is not None:
        kind_named(scope.kind)
    if scope.tenant is not None and session.scalar(select(Tenant.id).where(Tenant.name == scope.tenant)) is None:
        raise Invalid({"tenant": [f"There is no tenant {scope.tenant}: see the registry for its name."]})
    if scope.cluster is not None and session.get(Cluster, scope.cluster) is None:
        raise Invalid({"cluster": [f"There is no cluster {scope.cluster}: GET /clusters lists those that there are."]})


def _within(scope: Scope) -> Select[Ticket]:
    query = select(Ticket).where(Ticket.state.in_(REVOCABLE | {State.PENDING})).options(joinedload(Ticket.tenant))
    if scope.tenant is not None:
        query = query.where(Ticket.tenant_id.in_(select(Tenant.id).where(Tenant.name == scope.tenant)))
    for column, value in ((Ticket.cluster, scope.cluster), (Ticket.kind, scope.kind)):
        if value is not None:
            query = query.where(column == value)
    return query
