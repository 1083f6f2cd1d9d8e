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
from portal.models import Cluster, Event, Namespace, RegistryVersion, Role, Tenant
from portal.registry import bundles, rows
from portal.registry.diff import Change, diff
from portal.registry.people import Lists, groups_by_role, named_people, people_by_role
from portal.registry.state import ClusterEntry, GroupEntry, NamespaceEntry, PersonEntry, RegistryFile, TenantEntry

APPLIED = "registry:applied"


def present(session: Session) -> RegistryFile:
    """What is in force now, as a registry without a text."""
    roles, groups, viz = people_by_role(session), groups_by_role(session), bundles.entries(session)
    return RegistryFile(
        clusters=tuple(
            ClusterEntry(
                row.name,
                row.environment,
                row.console,
                row.description,
                viz.get(row.name),
                row.guard,
                row.guard_ask_at,
            )
            for row in session.scalars(select(Cluster).where(Cluster.active))
        ),
        tenants=tuple(_tenants(session, roles, groups)),
        people=tuple(PersonEntry(row.name, row.title, row.email) for row in session.scalars(named_people())),
        operators=tuple(roles[None, Role.OPERATOR]),
        auditors=tuple(roles[None, Role.AUDITOR]),
        operator_groups=tuple(groups[None, Role.OPERATOR]),
        auditor_groups=tuple(groups[None, Role.AUDITOR]),
    )


def _tenants(session: Session, roles: Lists, groups: Lists) -> Iterator[TenantEntry]:
    owned: dict[int, list[NamespaceEntry]] = defaultdict(list)
    for row in session.scalars(select(Namespace).order_by(Namespace.id)):
        owned[row.tenant_id].append(NamespaceEntry(row.cluster, row.name, row.environment, row.guard))
    of_tenant = (Role.MEMBER, Role.OWNER, Role.PARTNER)
    for tenant in session.scalars(select(Tenant).where(Tenant.active).order_by(Tenant.id)):
        members, owners, partners = (tuple(roles[tenant.id, role]) for role in of_tenant)
        grouped = GroupEntry(*(tuple(groups[tenant.id, role]) for role in of_tenant))
        own, channels = tuple(owned[tenant.id]), tuple(tenant.channels)
        yield TenantEntry(tenant.name, tenant.title, own, members, owners, partners, grouped, channels)


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
    audit.record(session, audit.SYSTEM_CHAIN, audit.Deed(APPLIED, by, payload), now=now)
    return changes


def last_applied(session: Session) -> RegistryVersion | None:
    """The file that was applied last, whole; None before the first."""
    return session.scalar(select(RegistryVersion).order_by(RegistryVersion.id.desc()).limit(1))


def last_changes(session: Session) -> list[str]:
    """What the file that was applied last changed, a line each; [] where nothing is told of it (any more)."""
    told = select(Event.payload).where(Event.chain == audit.SYSTEM_CHAIN, Event.type == APPLIED)
    payload = session.scalar(told.order_by(Event.number.desc()).limit(1)) or {}
    return [str(change) for change in payload.get("changes", [])]
