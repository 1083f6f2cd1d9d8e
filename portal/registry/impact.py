"""What a registry that takes effect means for open tickets: whether they still have their place, and what becomes of
those that have not. Pure but for `ground`, which reads what is in force; `portal.tickets.following` acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Cluster, Namespace, Tenant, Ticket
from portal.states import NOT_BEGUN, TERMINAL, State

Place = tuple[str, str]


class Becomes(StrEnum):
    """What becomes of a ticket."""

    WITHDRAWN = "withdrawn"
    UNDONE = "undone"
    GOES_ON = "still being undone"
    HANDED_OVER = "handed over"
    ASKED_AGAIN = "asked again"


@dataclass(frozen=True)
class Fate:
    """What becomes of one ticket and why, in a sentence; `people` are those of a handing over or an approval."""

    ticket_id: int
    state: State
    becomes: Becomes
    why: str
    people: str = ""

    def __str__(self) -> str:
        """`MD-7 (active): handed over, member -> owner. member is no longer of tenant emojis.`"""
        people = f", {self.people}" if self.people else ""
        return f"MD-{self.ticket_id} ({self.state}): {self.becomes}{people}. {self.why}"


@dataclass(frozen=True)
class Ground:
    """What is in force: the numbers of tenants, clusters, and the tenant of each (cluster, namespace)."""

    tenants: frozenset[int]
    clusters: frozenset[str]
    namespaces: Mapping[Place, int]


def ground(session: Session) -> Ground:
    """The places that the database knows now."""
    namespaces = session.execute(select(Namespace.cluster, Namespace.name, Namespace.tenant_id))
    return Ground(
        frozenset(session.scalars(select(Tenant.id).where(Tenant.active))),
        frozenset(session.scalars(select(Cluster.name).where(Cluster.active))),
        {(cluster, name): tenant for cluster, name, tenant in namespaces},
    )


def uprooted(ticket: Ticket, found: Ground) -> Fate | None:
    """What becomes of a ticket that lost its tenant, its cluster or a namespace; None where it has all of them.

    The ticket needs its tenant and targets loaded. A ticket's tenant is fixed when it is asked, so it never goes along.
    """
    why = None if ticket.state in TERMINAL else _lost(ticket, found)
    return None if why is None else Fate(ticket.id, ticket.state, end_of(ticket.state), why)


def end_of(state: State) -> Becomes:
    """How an open ticket ends that cannot stay."""
    if state is State.REVERTING:
        return Becomes.GOES_ON
    return Becomes.WITHDRAWN if state in NOT_BEGUN else Becomes.UNDONE


def _lost(ticket: Ticket, found: Ground) -> str | None:
    if ticket.tenant_id not in found.tenants:
        return f"Tenant {ticket.tenant.name} is no longer in the registry."
    if ticket.cluster is not None and ticket.cluster not in found.clusters:
        return f"Cluster {ticket.cluster} is no longer in the registry."
    for cluster, namespace in sorted(_places_of(ticket)):
        owner = found.namespaces.get((cluster, namespace))
        if owner is None:
            return f"Namespace {namespace} on {cluster} is no longer in the registry."
        if owner != ticket.tenant_id:
            return f"Namespace {namespace} on {cluster} is another tenant's now: its people ask anew for it."
    return None


def _places_of(ticket: Ticket) -> set[Place]:
    own = {(ticket.cluster, ticket.namespace)} if ticket.cluster and ticket.namespace else set()
    # The Viz of a whole cluster is in no namespace of a tenant's.
    targets = (link.target for link in ticket.targets if link.target.namespace)
    return own | {(target.cluster, target.namespace) for target in targets}
