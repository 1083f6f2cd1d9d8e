"""Tickets as the API shows them: with who must still decide, what happens next and what the preflight found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.standing import standing_view
from portal.kinds.base import Asked
from portal.kinds.registry import kind_named
from portal.mesh.viz.views import TAP, VIZ_NAMESPACE
from portal.mesh.workloads import WorkloadRef
from portal.models import Cluster, Evidence, Ticket
from portal.queries.watching import newest_preflights
from portal.states import Outcome, State
from portal.tickets.approvals import Need, needs
from portal.tickets.next_step import next_step

LISTS = ("events", "evidence", "comments")


@dataclass(frozen=True)
class Around:
    """What a ticket's picture needs besides its row."""

    people: Mapping[str, list[str]]
    preflight: Evidence | None
    cluster: Cluster | None = None
    viz_namespace: str = VIZ_NAMESPACE
    workloads: Sequence[WorkloadRef] = ()

    @property
    def console(self) -> str | None:
        """The address of the cluster's console."""
        return None if self.cluster is None else self.cluster.console

    @property
    def pause(self) -> str | None:
        """Why nothing new is begun on the cluster; None where it is not paused."""
        return None if self.cluster is None else self.cluster.pause_reason


def ticket_views(session: Session, tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    """The pictures of several loaded tickets, by a handful of more selects for all of them."""
    hats = {hat for ticket in tickets for hat in ticket.hats}
    people = queries.people_by_role(session, {ticket.tenant_id for ticket in tickets}, hats)
    preflights = newest_preflights(session, [ticket.id for ticket in tickets])
    clusters = {cluster.name: cluster for cluster in queries.clusters(session)}
    viz = queries.viz_namespaces(session)
    workloads = queries.meshed_workloads(session, {place for one in tickets for place in _tapped(one)})
    return [
        ticket_view(
            one,
            Around(
                people[one.tenant_id],
                preflights.get(one.id),
                clusters.get(one.cluster or ""),
                viz.get(one.cluster or "", VIZ_NAMESPACE),
                workloads.get(one.cluster or "", ()),
            ),
        )
        for one in tickets
    ]


def one_view(session: Session, ticket_id: int, *, by: Actor) -> dict[str, Any]:
    """The picture of one ticket as it is now; raises NotFound."""
    return ticket_views(session, [queries.ticket(session, ticket_id, by=by)])[0]


def ticket_view(ticket: Ticket, around: Around) -> dict[str, Any]:
    """Everything that TicketSchema shows of a ticket."""
    waiting = still_needed(ticket, around.people)
    return {
        **_asked(ticket),
        **_routed(ticket),
        **_ended(ticket),
        **standing_view(ticket),
        "state": ticket.state.value,
        "version": ticket.version,
        "waiting_for": [need_view(need) for need in waiting],
        "decisions": [_decision(decision) for decision in ticket.decisions],
        "next": next_step(ticket, [need.words for need in waiting], pause=around.pause),
        "preflight": _preflight(ticket, around.preflight),
        "targets": [_target(link) for link in ticket.targets],
        "usage": _usage(ticket, around),
        "links": _links(ticket),
    }


def still_needed(ticket: Ticket, people: Mapping[str, list[str]]) -> list[Need]:
    """The approvals that a pending ticket still waits for; [] in every other state."""
    if ticket.state is not State.PENDING:
        return []
    return [need for need in needs(ticket, people) if need.missing > 0]


def need_view(need: Need) -> dict[str, Any]:
    """What NeedSchema shows."""
    return {"group": str(need.group), "count": need.count, "met": need.met, "people": list(need.people)}


def _asked(ticket: Ticket) -> dict[str, Any]:
    same = (
        "ref",
        "kind",
        "cluster",
        "namespace",
        "environment",
        "reason",
        "notes",
        "created_at",
        "updated_at",
        "starts_at",
    )
    return {
        **{name: getattr(ticket, name) for name in same},
        "fields_": ticket.fields,
        "tenant": ticket.tenant.name,
        "requester": ticket.requester.name,
        "duration": ticket.duration,
        "renews": ticket.renews.ref if ticket.renews else None,
    }


def _routed(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in ("rule", "rule_reason", "automatic", "approvals")}


def _ended(ticket: Ticket) -> dict[str, Any]:
    same = ("active_from", "expires_at", "outcome", "ended_by", "end_reason", "ended_at", "problem", "progress")
    return {name: getattr(ticket, name) for name in (*same, "taken_by", "answer")}


def _decision(decision: Any) -> dict[str, Any]:
    return {
        "who": decision.person.name,
        "roles": decision.roles,
        "decision": decision.decision,
        "note": decision.note,
        "at": decision.decided_at,
    }


def _preflight(ticket: Ticket, found: Evidence | None) -> dict[str, Any] | None:
    if ticket.preflight_at is None:
        return None
    data: Mapping[str, Any] = found.data if found is not None else {}
    return {"at": ticket.preflight_at, "clean": bool(ticket.preflight_clean), "findings": data.get("findings", [])}


def _target(link: Any) -> dict[str, Any]:
    return {
        "workload": f"{link.target.kind}/{link.target.name}",
        "namespace": link.target.namespace,
        "suspended": link.suspended,
        "written_at": link.written_at,
        "proven_at": link.proven_at,
    }


def _is_used(ticket: Ticket) -> bool:
    return ticket.state in (State.APPLYING, State.ACTIVE) or ticket.outcome == Outcome.FULFILLED


def _tapped(ticket: Ticket) -> list[tuple[str, str]]:
    """The places that a ticket in use may tap."""
    targets = [link.target for link in ticket.targets if link.target.kind == TAP] if _is_used(ticket) else []
    return [(target.cluster, target.namespace) for target in targets]


def _usage(ticket: Ticket, around: Around) -> list[dict[str, str]]:
    if not _is_used(ticket) or ticket.cluster is None:
        return []
    tapped = {namespace for _, namespace in _tapped(ticket)}
    asked = Asked(
        ticket.ref,
        ticket.cluster,
        ticket.namespace,
        ticket.fields,
        around.console,
        around.viz_namespace,
        tuple(ref for ref in around.workloads if ref.namespace in tapped),
    )
    return [command.to_json() for command in kind_named(ticket.kind).usage(asked)]


def _links(ticket: Ticket) -> dict[str, str]:
    own = f"/api/v1/tickets/{ticket.ref}"
    return {"self": own, **{name: f"{own}/{name}" for name in LISTS}}
