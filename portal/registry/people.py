"""Selects of whom and which groups the registry in force names; applying.py makes it a registry again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from portal.models import GroupRole, Membership, Person, Role, Source

Lists = dict[tuple[int | None, Role], list[str]]


def named_people() -> Select[Person]:
    """The people whom the file names, also those whom an operator has deactivated."""
    return select(Person).where(Person.source == Source.REGISTRY, Person.active)


def people_by_role(session: Session) -> Lists:
    """Who has which role by name: seats by group are the groups', and a service's are its owner's."""
    query = select(Membership.tenant_id, Membership.role, Person.name).join(Person, Person.id == Membership.person_id)
    by_name = query.where(Membership.via.is_(None), Person.source != Source.SERVICE).order_by(Membership.id)
    return _lists(session.execute(by_name))


def groups_by_role(session: Session) -> Lists:
    """Which groups have which role."""
    query = select(GroupRole.tenant_id, GroupRole.role, GroupRole.name).order_by(GroupRole.id)
    return _lists(session.execute(query))


def _lists(rows: Iterable[Row[int | None, str, str]]) -> Lists:
    found: Lists = defaultdict(list)
    for tenant_id, role, name in rows:
        found[tenant_id, Role(role)].append(name)
    return found
