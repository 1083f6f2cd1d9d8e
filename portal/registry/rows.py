"""A registry as rows: brings the tables to what it says. Called by applying.py, which has seen that it may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.access import seats
from portal.models import Cluster, GroupRole, Membership, Namespace, Person, Role, Source, Tenant
from portal.registry.state import GroupEntry, RegistryFile, TenantEntry

Named = TypeVar("Named", Cluster, Tenant)
_OF_CLUSTER = ("environment", "console", "description", "guard", "guard_ask_at")


def write(session: Session, wanted: RegistryFile) -> None:
    """Write the whole registry; what it names no more becomes inactive, namespaces and memberships go."""
    _settle(session, Cluster, {one.name: _values(one, *_OF_CLUSTER) for one in wanted.clusters})
    people = _settle_people(session, {one.name: _values(one, "title", "email") for one in wanted.people})
    tenants = _settle(
        session, Tenant, {one.name: {"title": one.title, "channels": list(one.channels)} for one in wanted.tenants}
    )
    _write_namespaces(session, wanted, tenants)
    _write_memberships(session, {(people[name], of, role) for name, of, role in _seats(wanted, tenants, _named)})
    _write_groups(session, set(_seats(wanted, tenants, _grouped)))
    seats.refresh(session)


def _values(entry: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in names}


def _settle(session: Session, model: type[Named], wanted: dict[str, dict[str, Any]]) -> dict[str, int]:
    rows = {row.name: row for row in session.scalars(select(model))}
    for name, values in wanted.items():
        if name not in rows:
            rows[name] = model(name=name)
            session.add(rows[name])
        for column, value in values.items():
            setattr(rows[name], column, value)
    for name, row in rows.items():
        row.active = name in wanted
    # The numbers of new rows are given by the database.
    session.flush()
    return {name: getattr(row, "id", 0) for name, row in rows.items()}


def _settle_people(session: Session, wanted: dict[str, dict[str, Any]]) -> dict[str, int]:
    """People of the file; those whom the identity provider alone vouches for, and services, are left as they are."""
    rows = {row.name: row for row in session.scalars(select(Person))}
    for name, values in wanted.items():
        row = rows.setdefault(name, Person(name=name))
        session.add(row)
        row.source, row.active = Source.REGISTRY, True
        for column, value in values.items():
            setattr(row, column, value)
    for name, row in rows.items():
        if name not in wanted and row.source == Source.REGISTRY:
            row.active = False
    session.flush()
    return {name: row.id for name, row in rows.items()}


def _write_namespaces(session: Session, wanted: RegistryFile, tenants: dict[str, int]) -> None:
    rows = {(row.cluster, row.name): row for row in session.scalars(select(Namespace))}
    entries = {(one.cluster, one.name): (one, tenant) for tenant in wanted.tenants for one in tenant.namespaces}
    for key in rows.keys() - entries.keys():
        session.delete(rows[key])
    for key, (entry, tenant) in entries.items():
        row = rows.get(key) or Namespace(cluster=entry.cluster, name=entry.name)
        row.tenant_id, row.environment, row.guard = tenants[tenant.name], entry.environment, entry.guard
        session.add(row)
    session.flush()


Lists = dict[Role, tuple[str, ...]]
Seat = tuple[str, int | None, Role]


def _seats(
    wanted: RegistryFile, tenants: dict[str, int], lists: Callable[[TenantEntry | RegistryFile], Lists]
) -> Iterator[Seat]:
    """Who (a name or a group) has which role where, None for the platform."""
    for tenant in wanted.tenants:
        yield from ((name, tenants[tenant.name], role) for role, names in lists(tenant).items() for name in names)
    yield from ((name, None, role) for role, names in lists(wanted).items() for name in names)


def _named(entry: TenantEntry | RegistryFile) -> Lists:
    if isinstance(entry, RegistryFile):
        return {Role.OPERATOR: entry.operators, Role.AUDITOR: entry.auditors}
    return _of_tenant(entry)


def _grouped(entry: TenantEntry | RegistryFile) -> Lists:
    if isinstance(entry, RegistryFile):
        return {Role.OPERATOR: entry.operator_groups, Role.AUDITOR: entry.auditor_groups}
    return _of_tenant(entry.groups)


def _of_tenant(entry: TenantEntry | GroupEntry) -> Lists:
    return {Role.MEMBER: entry.members, Role.OWNER: entry.owners, Role.PARTNER: entry.security_partners}


def _write_memberships(session: Session, wanted: set[tuple[int, int | None, Role]]) -> None:
    """Seats by name; a service's are its owner's to give, and those by group are settled by `seats.refresh`."""
    services = select(Person.id).where(Person.source == Source.SERVICE)
    found = session.scalars(select(Membership).where(Membership.person_id.not_in(services)))
    rows = {(row.person_id, row.tenant_id, Role(row.role)): row for row in found}
    for seat, row in rows.items():
        if seat in wanted:
            row.via = None
        elif row.via is None:
            session.delete(row)
    for person, tenant, role in sorted(wanted - rows.keys(), key=str):
        session.add(Membership(person_id=person, tenant_id=tenant, role=role.value))
    session.flush()


def _write_groups(session: Session, wanted: set[Seat]) -> None:
    rows = {(row.name, row.tenant_id, Role(row.role)): row for row in session.scalars(select(GroupRole))}
    for seat in rows.keys() - wanted:
        session.delete(rows[seat])
    for name, tenant, role in sorted(wanted - rows.keys(), key=str):
        session.add(GroupRole(name=name, tenant_id=tenant, role=role.value))
    session.flush()
