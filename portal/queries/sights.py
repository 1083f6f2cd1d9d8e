"""Selects of what was seen and said: evidence, events, comments and the inventory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, joinedload

from portal.models import (
    Comment,
    Event,
    Evidence,
    InventoryCluster,
    InventoryNamespace,
    InventoryObject,
    InventoryWorkload,
    Ticket,
)


def events(session: Session, chain: str, *, after: int = 0, limit: int = 500) -> Sequence[Event]:
    """Events of a chain with numbers above `after`, oldest first."""
    query = select(Event).where(Event.chain == chain, Event.number > after).order_by(Event.number)
    return session.scalars(query.limit(limit)).all()


def newest_events(session: Session, chain: str, *, limit: int) -> Sequence[Event]:
    """The last events of a chain, oldest first."""
    query = select(Event).where(Event.chain == chain).order_by(Event.number.desc())
    return session.scalars(query.limit(limit)).all()[::-1]


def evidence(session: Session, ticket_id: int) -> Sequence[Evidence]:
    """All evidence of a ticket, oldest first."""
    return session.scalars(select(Evidence).where(Evidence.ticket_id == ticket_id).order_by(Evidence.id)).all()


def latest_evidence(session: Session, ticket_id: int, kind: str) -> Evidence | None:
    """The newest evidence of one kind."""
    query = select(Evidence).where(Evidence.ticket_id == ticket_id, Evidence.kind == kind)
    return session.scalar(query.order_by(Evidence.id.desc()).limit(1))


def comments(session: Session, ticket_id: int) -> Sequence[Comment]:
    """All comments of a ticket, oldest first, with their authors."""
    query = select(Comment).where(Comment.ticket_id == ticket_id).options(joinedload(Comment.author))
    return session.scalars(query.order_by(Comment.id)).all()


def open_questions(session: Session, tickets: Sequence[Ticket]) -> dict[int, Comment]:
    """The questions without an answer, with who asks, by the number of the ticket that each holds."""
    ids = [ticket.question_id for ticket in tickets if ticket.question_id is not None]
    if not ids:
        return {}
    found = session.scalars(select(Comment).where(Comment.id.in_(ids)).options(joinedload(Comment.author)))
    return {comment.ticket_id: comment for comment in found}


@dataclass(frozen=True)
class NamespaceView:
    """What workers last saw of one namespace."""

    cluster: InventoryCluster
    namespace: InventoryNamespace
    workloads: dict[tuple[str, str], InventoryWorkload]

    @property
    def seen_at(self) -> datetime | None:
        """When the cluster was last read whole."""
        return self.cluster.seen_at


def namespace_view(
    session: Session, cluster: str, namespace: str, *, only: Collection[tuple[str, str]] | None = None
) -> NamespaceView | None:
    """The inventory of one namespace, or of some workloads of it by kind and name; None where workers have not seen it.

    Objects are large: who asks for a few must not wait for all.
    """
    seen = session.get(InventoryCluster, cluster)
    found = session.scalar(
        select(InventoryNamespace).where(InventoryNamespace.cluster == cluster, InventoryNamespace.name == namespace)
    )
    if seen is None or seen.seen_at is None or found is None:
        return None
    query = select(InventoryWorkload).where(
        InventoryWorkload.cluster == cluster, InventoryWorkload.namespace == namespace
    )
    if only is not None:
        query = query.where(tuple_(InventoryWorkload.kind, InventoryWorkload.name).in_(list(only)))
    rows = session.scalars(query.order_by(InventoryWorkload.kind, InventoryWorkload.name))
    return NamespaceView(seen, found, {(row.kind, row.name): row for row in rows})


def objects_seen(session: Session, cluster: str, kind: str, namespace: str) -> tuple[dict[str, Any], ...]:
    """The objects of a kind (`NetworkPolicy`) in a namespace as workers last saw them, by name."""
    query = select(InventoryObject.object).where(
        InventoryObject.cluster == cluster, InventoryObject.kind == kind, InventoryObject.namespace == namespace
    )
    return tuple(session.scalars(query.order_by(InventoryObject.name)))
