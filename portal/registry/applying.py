"""The registry in the database: read as a file would say it, and made to say what a file says.

Called by `meshdesk registry`, `meshdesk up` and tests; the file's own rules are in file.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import audit
from portal.errors import ConfigurationError
from portal.models import Cluster, Namespace, RegistryVersion, Role, Tenant, Ticket, TicketTarget
from portal.registry import bundles, rows
from portal.registry.diff import Change, diff
from portal.registry.people import Lists, groups_by_role, named_people, people_by_role
from portal.registry.state import ClusterEntry, GroupEntry, NamespaceEntry, PersonEntry, RegistryFile, TenantEntry
from portal.states import TERMINAL

MOST_NAMED = 5
Places = dict[tuple[str, str], str]


def present(session: Session) -> RegistryFile:
    """What is in force now, as a registry without a text."""
    roles, groups, viz = people_by_role(session), groups_by_role(session), bundles.entries(session)
    return RegistryFile(
        clusters=tuple(
            ClusterEntry(row.name, row.environment, row.console, row.description, viz.get(row.name))
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
        owned[row.tenant_id].append(NamespaceEntry(row.cluster, row.name, row.environment))
    of_tenant = (Role.MEMBER, Role.OWNER, Role.PARTNER)
    for tenant in session.scalars(select(Tenant).where(Tenant.active).order_by(Tenant.id)):
        members, owners, partners = (tuple(roles[tenant.id, role]) for role in of_tenant)
        grouped = GroupEntry(*(tuple(groups[tenant.id, role]) for role in of_tenant))
        own, channels = tuple(owned[tenant.id]), tuple(tenant.channels)
        yield TenantEntry(tenant.name, tenant.title, own, members, owners, partners, grouped, channels)


def plan(session: Session, wanted: RegistryFile) -> list[Change]:
    """What applying `wanted` would change; raises ConfigurationError when it takes away what an open ticket needs."""
    before = present(session)
    _refuse_taking_away(session, _places(before), _places(wanted))
    return diff(before, wanted)


def _places(registry: RegistryFile) -> Places:
    return {(one.cluster, one.name): tenant.name for tenant in registry.tenants for one in tenant.namespaces}


def _refuse_taking_away(session: Session, before: Places, after: Places) -> None:
    lost = {place: tenant for place, tenant in before.items() if after.get(place) != tenant}
    query = select(Ticket).where(Ticket.state.not_in(TERMINAL)).order_by(Ticket.id)
    needed = selectinload(Ticket.targets).options(joinedload(TicketTarget.target))
    held: dict[tuple[str, str], list[str]] = defaultdict(list)
    for ticket in session.scalars(query.options(needed)) if lost else ():
        for place in _places_of(ticket) & lost.keys():
            held[place].append(ticket.ref)
    if held:
        raise ConfigurationError("\n".join(_still_needed(place, lost[place], refs) for place, refs in held.items()))


def _places_of(ticket: Ticket) -> set[tuple[str, str]]:
    own = {(ticket.cluster, ticket.namespace)} if ticket.cluster and ticket.namespace else set()
    return own | {(link.target.cluster, link.target.namespace) for link in ticket.targets}


def _still_needed(place: tuple[str, str], tenant: str, refs: Sequence[str]) -> str:
    named = ", ".join(refs[:MOST_NAMED]) + (f" and {len(refs) - MOST_NAMED} more" if len(refs) > MOST_NAMED else "")
    are = "is" if len(refs) == 1 else "are"
    return (
        f"Namespace {place[1]} on {place[0]} cannot be taken from tenant {tenant}: {named} {are} not over there yet. "
        "Let that end first (release, revoke, withdraw or reject), or keep the namespace in the registry."
    )


def apply(session: Session, wanted: RegistryFile, *, by: str, now: datetime) -> list[Change]:
    """Make the database say what `wanted` says and give what changed; [] and no trace when it said so already.

    People, tenants and clusters that are not named any more become inactive: tickets and events still name them.
    Raises ConfigurationError when an open ticket needs what would be taken away.
    """
    changes = plan(session, wanted)
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
