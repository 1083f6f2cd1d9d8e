"""A tenant's own reasons to reject, kept under names: its owners and security partners write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit
from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import Invalid, NotFound
from portal.models import RejectTemplate, Tenant


def all_of(session: Session, tenant: str, *, by: Actor) -> Sequence[RejectTemplate]:
    """The templates of a tenant by name, for those who see it or decide in it; raises NotFound."""
    found = _tenant(session, tenant, by)
    query = select(RejectTemplate).where(RejectTemplate.tenant_id == found.id)
    return session.scalars(query.order_by(RejectTemplate.name)).all()


def one(session: Session, tenant: str, name: str, *, by: Actor) -> RejectTemplate:
    """One template; raises NotFound."""
    return _known(session, _tenant(session, tenant, by), name)


def keep(session: Session, template: tuple[str, str], *, text: str, by: Actor, now: datetime) -> RejectTemplate:
    """Write the template (tenant, name), over what stood there; raises NotFound, Forbidden."""
    tenant = _for_change(session, template[0], by)
    found = _find(session, tenant, template[1])
    if found is None:
        found = RejectTemplate(tenant_id=tenant.id, name=template[1])
        session.add(found)
    found.text, found.written_by, found.written_at = text, by.name, now
    audit.record(session, audit.SYSTEM_CHAIN, _deed("template:kept", found, tenant, by), now=now)
    return found


def remove(session: Session, template: tuple[str, str], *, by: Actor, now: datetime) -> RejectTemplate:
    """Forget the template (tenant, name); raises NotFound, Forbidden."""
    tenant = _for_change(session, template[0], by)
    found = _known(session, tenant, template[1])
    session.delete(found)
    audit.record(session, audit.SYSTEM_CHAIN, _deed("template:removed", found, tenant, by), now=now)
    return found


def reason(session: Session, tenant: Tenant, template: str | None, note: str) -> str:
    """Why a ticket is rejected: the template's text, and the note after it; raises Invalid for an unknown one."""
    if template is None:
        return note
    found = _find(session, tenant, template)
    if found is None:
        sentence = f"Tenant {tenant.name} has no template {template!r}: GET /tenants/{tenant.name}/reject-templates."
        raise Invalid({"template": [sentence]})
    return "\n\n".join(filter(None, [found.text, note]))


def _tenant(session: Session, name: str, by: Actor) -> Tenant:
    found = session.scalar(select(Tenant).where(Tenant.name == name))
    if found is None or not (by.sees(found.id) or found.id in by.covered_tenant_ids):
        raise NotFound(f"No tenant of yours is called {name}: GET /me lists yours.")
    return found


def _for_change(session: Session, name: str, by: Actor) -> Tenant:
    found = _tenant(session, name, by)
    rights.check(by, Action.REJECT_TEMPLATES, f"tenant {name}", tenant_id=found.id)
    return found


def _find(session: Session, tenant: Tenant, name: str) -> RejectTemplate | None:
    same = (RejectTemplate.tenant_id == tenant.id, RejectTemplate.name == name)
    return session.scalar(select(RejectTemplate).where(*same))


def _known(session: Session, tenant: Tenant, name: str) -> RejectTemplate:
    found = _find(session, tenant, name)
    if found is None:
        raise NotFound(f"Tenant {tenant.name} has no reason to reject called {name}.")
    return found


def _deed(type_: str, one: RejectTemplate, tenant: Tenant, by: Actor) -> audit.Deed:
    return audit.Deed(type_, by.name, {"tenant": tenant.name, "name": one.name, "text": one.text})
