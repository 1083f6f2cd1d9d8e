"""Roles by group: what the registry gives to a group of the identity provider, its people have by membership rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.models import GroupRole, Membership, PersonGroup

Seat = tuple[int, int | None, str]


def refresh(session: Session, people: Collection[int] | None = None) -> None:
    """Bring the memberships via groups of these people (of all: None) to what groups and registry say now.

    A role that a person has by name stays that, whatever groups say.
    """
    session.flush()
    wanted = dict(_by_group(session, people))
    for row in session.scalars(select(Membership).where(_among(Membership.person_id, people))).all():
        seat = (row.person_id, row.tenant_id, row.role)
        via = wanted.pop(seat, None)
        if row.via is None:
            continue
        if via is None:
            session.delete(row)
        else:
            row.via = via
    session.add_all(
        Membership(person_id=person, tenant_id=tenant, role=role, via=via)
        for (person, tenant, role), via in wanted.items()
    )
    session.flush()


def _by_group(session: Session, people: Collection[int] | None) -> Iterator[tuple[Seat, str]]:
    """Every role that a group gives, with its group: of several the first by name."""
    query = (
        select(PersonGroup.person_id, GroupRole.tenant_id, GroupRole.role, GroupRole.name)
        .join(GroupRole, GroupRole.name == PersonGroup.name)
        .where(_among(PersonGroup.person_id, people))
        .order_by(GroupRole.name.desc())
    )
    for person, tenant, role, group in session.execute(query):
        yield (person, tenant, role), group


def _among(column: InstrumentedAttribute[int], people: Collection[int] | None) -> ColumnElement[bool]:
    return true() if people is None else column.in_(people)
