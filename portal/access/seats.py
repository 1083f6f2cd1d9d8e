"""Seats by group: the memberships that people have because of the groups that the identity provider put them in.

Called when somebody signs in (their groups may be others now) and when the registry is applied (the groups may mean
something else now).
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.models import GroupRole, Membership, PersonGroup

Seat = tuple[int, int | None, str]


def refresh(session: Session, people: Collection[int] | None = None) -> None:
    """Make the memberships `via` a group what groups and registry say now, of these people or (None) of everybody.

    A seat that is given by name stays that; of several groups that give one seat, the first by name is told.
    """
    session.flush()
    present = select(Membership)
    if people is not None:
        present = present.where(Membership.person_id.in_(people))
    rows = {(row.person_id, row.tenant_id, row.role): row for row in session.scalars(present)}
    wanted = _wanted(session, people)
    for seat, row in rows.items():
        if row.via is None:
            wanted.pop(seat, None)
        elif seat not in wanted:
            session.delete(row)
        else:
            row.via = wanted.pop(seat)
    for (person, tenant, role), group in sorted(wanted.items(), key=str):
        session.add(Membership(person_id=person, tenant_id=tenant, role=role, via=group))
    session.flush()


def _wanted(session: Session, people: Collection[int] | None) -> dict[Seat, str]:
    query = (
        select(PersonGroup.person_id, GroupRole.tenant_id, GroupRole.role, func.min(GroupRole.name))
        .join(GroupRole, GroupRole.name == PersonGroup.name)
        .group_by(PersonGroup.person_id, GroupRole.tenant_id, GroupRole.role)
    )
    if people is not None:
        query = query.where(PersonGroup.person_id.in_(people))
    return {(person, tenant, role): group for person, tenant, role, group in session.execute(query)}
