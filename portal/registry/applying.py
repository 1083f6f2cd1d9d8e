"""The registry in the database: read as a file would say it, and made to say what a file says.

What that means for open tickets is `portal.tickets.following`, through which commands apply a registry; the file's own
rules are in file.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit
from portal.models import Cluster, Membership, Namespace, Person, RegistryVersion, Role, Tenant
from portal.registry import bundles, rows
from portal.registry.diff import Change, diff
from portal.registry.state import ClusterEntry, NamespaceEntry, PersonEntry, RegistryFile, TenantEntry


def present(session: Session) -> RegistryFile:
    """What is in force now, as a registry without a text."""
    roles, viz = _people_by_role(session), bundles.entries(session)
    return RegistryFile(
        clusters=tuple(
            ClusterEntry(row.name, row.environment, row.console, row.description, viz.get(row.name))
            for row in session.scalars(select(Cluster).where(Cluster.active))
        ),
        tenants=tuple(_tenants(session, roles)),
        people=tuple(
            PersonEntry(row.name, row.title, row.email) for row in session.scalars(select(Person).where(Person.active))
        ),
        operators=tuple(roles[None, Role.OPERATOR]),
        auditors=tuple(roles[None, Role.AUDITOR]),
    )


def _people_by_role(session: Session) -> dict[tuple[int | None, Role], list[str]]:
    query = select(Membership.tenant_id, Membership.role, Person.name).join(Person, Person.id == Membership.person_id)
    found: dict[tuple[int | None, Role], list[str]] = defaultdict(list)
    for tenant_id, role, name in session.execute(query.order_by(Membership.id)):
        found[tenant_id, Role(role)].append(name)
    return found


def _tenants(session: Session, roles: dict[tuple[int | None, Role], list[str]]) -> Iterator[TenantEntry]:
    owned: dict[int, list[NamespaceEntry]] = defaultdict(list)
    for row in session.scalars(select(Namespace).order_by(Namespace.id)):
        owned[row.tenant_id].append(NamespaceEntry(row.cluster, row.name, row.environment))
    for tenant in session.scalars(select(Tenant).where(Tenant.active).order_by(Tenant.id)):
        people = [tuple(roles[tenant.id, role]) for role in (Role.MEMBER, Role.OWNER, Role.PARTNER)]
        yield TenantEntry(tenant.name, tenant.title, tuple(owned[tenant.id]), *people)


def apply(session: Session, wanted: RegistryFile, *, by: str, now: datetime) -> list[Change]:
    """Make the database say what `wanted` says and give what changed; [] and no trace when it said so already.

    People, tenants and clusters that are not named any more become inactive: tickets and events still name them.
    Open tickets are left as they are.
    """
    changes = diff(present(session), wanted)
    if not changes:
        return []
    rows.write(session, wanted)
    bundles.write(session, wanted, now=now)
    session.add(RegistryVersion(applied_at=now, applied_by=by, digest=wanted.digest, text=wanted.text))
    payload = {"digest": wanted.digest, "changes": [str(change) for change in changes]}
    audit.record(session, audit.SYSTEM_CHAIN, audit.Deed("registry:applied", by, payload), now=now)
    return changes


def last_applied(session: Session) -> RegistryVersion | None:
    """The file that was applied last, whole; None before the first."""
    return session.scalar(select(RegistryVersion).order_by(RegistryVersion.id.desc()).limit(1))
