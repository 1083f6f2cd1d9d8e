"""A registry as rows: brings the tables to what it says. Called by applying.py, which has seen that it may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Cluster, Membership, Namespace, Person, Role, Tenant
from portal.registry.state import RegistryFile

Named = TypeVar("Named", Cluster, Person, Tenant)


def write(session: Session, wanted: RegistryFile) -> None:
    """Write the whole registry; what it names no more becomes inactive, namespaces and memberships go."""
    _settle(
        session, Cluster, {one.name: _values(one, "environment", "console", "description") for one in wanted.clusters}
    )
    people = _settle(session, Person, {one.name: _values(one, "title", "email") for one in wanted.people})
    tenants = _settle(session, Tenant, {one.name: _values(one, "title") for one in wanted.tenants})
    _write_namespaces(session, wanted, tenants)
    _write_memberships(session, set(_memberships(wanted, people, tenants)))


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


def _write_namespaces(session: Session, wanted: RegistryFile, tenants: dict[str, int]) -> None:
    rows = {(row.cluster, row.name): row for row in session.scalars(select(Namespace))}
    entries = {(one.cluster, one.name): (one, tenant) for tenant in wanted.tenants for one in tenant.namespaces}
    for key in rows.keys() - entries.keys():
        session.delete(rows[key])
    for key, (entry, tenant) in entries.items():
        row = rows.get(key) or Namespace(cluster=entry.cluster, name=entry.name)
        row.tenant_id, row.environment = tenants[tenant.name], entry.environment
        session.add(row)
    session.flush()


Seat = tuple[int, int | None, Role]


def _memberships(wanted: RegistryFile, people: dict[str, int], tenants: dict[str, int]) -> Iterator[Seat]:
    for tenant in wanted.tenants:
        seats = {Role.MEMBER: tenant.members, Role.OWNER: tenant.owners, Role.PARTNER: tenant.security_partners}
        for role, names in seats.items():
            yield from ((people[name], tenants[tenant.name], role) for name in names)
    for role, names in {Role.OPERATOR: wanted.operators, Role.AUDITOR: wanted.auditors}.items():
        yield from ((people[name], None, role) for name in names)


def _write_memberships(session: Session, wanted: set[Seat]) -> None:
    rows = {(row.person_id, row.tenant_id, Role(row.role)): row for row in session.scalars(select(Membership))}
    for seat in rows.keys() - wanted:
        session.delete(rows[seat])
    for person, tenant, role in sorted(wanted - rows.keys(), key=str):
        session.add(Membership(person_id=person, tenant_id=tenant, role=role.value))
    session.flush()
