"""Selects of what live tickets grant on workloads: what explains that one is not encrypted in whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.mesh.want import Want
from portal.models import Target, Ticket, TicketTarget
from portal.states import State

Where = tuple[str, str]
"""Cluster and namespace."""
OPEN = (State.APPLYING, State.ACTIVE, State.REVERTING)
"""The states in which something of a ticket may be in a cluster."""


@dataclass(frozen=True)
class Grant:
    """What a ticket has on a workload until when; `ref` is empty where it is not the looking person's to know."""

    ref: str
    kind: str
    want: Want
    state: State
    expires_at: datetime | None


def grants(
    session: Session, clusters: Collection[str], *, by: Actor, namespace: str | None = None
) -> dict[tuple[str, str, str, str], list[Grant]]:
    """What tickets have on the workloads of these clusters, or of one namespace of theirs, now, by workload; also what
    is still being undone."""
    query = (
        select(Target, TicketTarget, Ticket)
        .join(TicketTarget, TicketTarget.target_id == Target.id)
        .join(Ticket, Ticket.id == TicketTarget.ticket_id)
        .where(Ticket.cluster.in_(clusters), Ticket.state.in_(OPEN), Ticket.writing_from.is_not(None))
        .with_only_columns(
            *(Target.cluster, Target.namespace, Target.kind, Target.name),
            *(Ticket.id, Ticket.kind.label("asks"), Ticket.tenant_id, Ticket.state, Ticket.expires_at),
            *(TicketTarget.wanted, TicketTarget.suspended),
        )
    )
    if namespace is not None:
        query = query.where(Target.namespace == namespace)
    found: dict[tuple[str, str, str, str], list[Grant]] = defaultdict(list)
    for row in session.execute(query.order_by(Ticket.id)) if clusters else ():
        want = Want.from_json(row.wanted) - Want.from_json(row.suspended)
        ref = f"MD-{row.id}" if by.sees(row.tenant_id) else ""
        grant = Grant(ref, row.asks, want, row.state, row.expires_at)
        found[row.cluster, row.namespace, row.kind, row.name].append(grant)
    return found
