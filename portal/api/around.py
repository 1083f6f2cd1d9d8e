"""What a ticket's picture needs besides its row, for several tickets by a handful of selects; see views.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal import queries
from portal.mesh.viz.views import TAP, VIZ_NAMESPACE
from portal.mesh.workloads import WorkloadRef
from portal.models import Cluster, Comment, Evidence, Ticket
from portal.queries.watching import newest_evidence
from portal.states import Outcome, State

NOBODY = queries.Deciders({})


@dataclass(frozen=True)
class Around:
    """What a ticket's picture needs besides its row."""

    deciders: queries.Deciders
    preflight: Evidence | None
    cluster: Cluster | None = None
    viz_namespace: str = VIZ_NAMESPACE
    workloads: Sequence[WorkloadRef] = ()
    question: Comment | None = None
    probe: Evidence | None = None

    @property
    def console(self) -> str | None:
        """The address of the cluster's console."""
        return None if self.cluster is None else self.cluster.console

    @property
    def pause(self) -> str | None:
        """Why nothing new is begun on the cluster; None where it is not paused."""
        return None if self.cluster is None else self.cluster.pause_reason


def arounds(session: Session, tickets: Sequence[Ticket]) -> list[Around]:
    """What each of these loaded tickets needs, in their order."""
    deciders = _deciders(session, tickets)
    questions = queries.open_questions(session, tickets)
    seen = newest_evidence(session, [ticket.id for ticket in tickets], ("preflight", "probe"))
    clusters = {cluster.name: cluster for cluster in queries.clusters(session)}
    places = {place for one in tickets for place in tapped(one)}
    viz = queries.viz_namespaces(session) if places else {}
    workloads = queries.meshed_workloads(session, places)
    return [
        Around(
            deciders.get(one.tenant_id, NOBODY),
            seen.get((one.id, "preflight")),
            clusters.get(one.cluster or ""),
            viz.get(one.cluster or "", VIZ_NAMESPACE),
            workloads.get(one.cluster or "", ()),
            questions.get(one.id),
            seen.get((one.id, "probe")),
        )
        for one in tickets
    ]


def _deciders(session: Session, tickets: Sequence[Ticket]) -> dict[int, queries.Deciders]:
    """Who may decide, by tenant, for those of the tickets that anybody still decides on."""
    pending = [ticket for ticket in tickets if ticket.state is State.PENDING]
    hats = {hat for ticket in pending for hat in ticket.hats}
    return queries.deciders(session, {ticket.tenant_id for ticket in pending}, hats) if pending else {}


def is_used(ticket: Ticket) -> bool:
    """Whether what was granted is there to be used."""
    return ticket.state in (State.APPLYING, State.ACTIVE) or ticket.outcome == Outcome.FULFILLED


def tapped(ticket: Ticket) -> list[tuple[str, str]]:
    """The places that a ticket in use may tap."""
    targets = [link.target for link in ticket.targets if link.target.kind == TAP] if is_used(ticket) else []
    return [(target.cluster, target.namespace) for target in targets]
