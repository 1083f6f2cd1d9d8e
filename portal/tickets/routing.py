"""Routing: from what is asked and what is known of its workloads to the policy's rule, for asking and preflight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import audit, queries
from portal.access.actor import Actor
from portal.kinds.base import InventoryView, Kind, View
from portal.kinds.registry import kind_named
from portal.mesh.annotations import MeshDefaults
from portal.mesh.probing.results import Result, encryption_word
from portal.mesh.want import Want
from portal.mesh.workloads import WorkloadRef
from portal.models import Evidence, InventoryWorkload, Target, Ticket
from portal.policy import Facts, Policy, Route, bounded, route, strictest
from portal.states import Adopts
from portal.tickets import breaking_glass
from portal.tickets.approvals import stricter
from portal.tickets.expectation import Surroundings, claims_on, memory_of
from portal.tickets.moving import testify


@dataclass(frozen=True)
class Routed:
    """The rule that an ask meets under a policy, and why its mode is not the one asked, in sentences."""

    route: Route
    policy: Policy
    widened: tuple[str, ...]


def approvals_of(route: Route) -> list[dict[str, Any]]:
    """The approvals of a rule as a ticket keeps them."""
    fallback = {} if route.fallback is None else {"fallback": list(route.fallback)}
    return [{"from": approval.from_, "count": approval.count, **fallback} for approval in route.approvals]


def reroute(session: Session, ticket: Ticket, route: Route, *, by: Actor, now: datetime) -> None:
    """Another rule of the same policy counts for what the ticket is now.

    It then waits for what that rule asks, as `put_on` says.
    """
    payload = {"from": ticket.rule, "to": route.rule}
    put_on(session, ticket, route)
    testify(session, ticket, "ticket:rerouted", by=by, now=now, **payload)


def put_on(session: Session, ticket: Ticket, route: Route) -> None:
    """Have a ticket wait for what a rule asks. Approvals that were given stay, and count by the hats of their people.

    The groups that a person was in when they decided were only noted where a rule asked for them: those that the new
    rule asks for are noted as they are now. What was trimmed goes on needing the approvals that it needed before.
    """
    ticket.rule, ticket.rule_reason, ticket.automatic = route.rule, route.reason, route.automatic
    if ticket.asked is None:
        ticket.approvals = approvals_of(route)
    else:
        ticket.approvals, ticket.automatic = stricter(ticket.approvals, approvals_of(route)), False
    breaking_glass.keep_or_mend(ticket, route)
    if ticket.adopts == Adopts.CLOSE:
        needs_nobody(ticket)
    people = queries.people_named(session, ticket.hats)
    for decision in ticket.decisions:
        more = {hat for hat, names in people.items() if decision.person.name in names}
        decision.roles = sorted({*decision.roles, *more})


def needs_nobody(ticket: Ticket) -> None:
    """Have a ticket that closes a hole wait for nobody, whatever its rule asks of tickets that open one."""
    ticket.automatic, ticket.approvals = True, []
    ticket.rule_reason = "An operator closes a hole in the encryption: nobody has to approve that."


def surroundings_seen(view: queries.NamespaceView) -> Surroundings:
    """The namespace and mesh around workloads, as workers last saw them."""
    namespace = {"metadata": view.namespace.metadata_}
    return Surroundings(namespace, MeshDefaults.from_json(view.cluster.defaults), view.cluster.webhook)


def views_seen(
    session: Session, view: queries.NamespaceView, refs: Sequence[WorkloadRef]
) -> list[tuple[InventoryView, Target | None]]:
    """The workloads as last seen, each with what is remembered of it; `refs` must be in the inventory."""
    around = surroundings_seen(view)
    targets = queries.targets_of(session, view.cluster.cluster, view.namespace.name)
    pairs = [(view.workloads[ref.kind, ref.name], targets.get((ref.kind, ref.name))) for ref in refs]
    limits, quotas = (
        queries.objects_seen(session, view.cluster.cluster, kind, view.namespace.name)
        for kind in ("LimitRange", "ResourceQuota")
    )
    found = []
    for row, target in pairs:
        seen = view_of(session, row.object, around, target)
        found.append((replace(seen, limits=limits, quotas=quotas, kept_open=_kept(row)), target))
    return found


def _kept(row: InventoryWorkload) -> tuple[str, ...] | None:
    return None if row.kept_open is None else tuple(map(str, row.kept_open))


def view_of(
    session: Session, obj: dict[str, Any], around: Surroundings, target: Target | None, *, besides: str | None = None
) -> InventoryView:
    """A workload with what live tickets other than `besides` want of it."""
    others = Want.union(claim.open for claim in claims_on(session, target) if claim.ticket != besides)
    baseline = memory_of(target, obj).baseline
    before = {key: str(one["value"]) for key, one in baseline.items() if one.get("present")}
    return InventoryView(obj, around.namespace, around.defaults, around.webhook, others=others, before=before)


def route_ask(
    place: queries.Place, kind: Kind[Any], fields: dict[str, Any], views: Sequence[View], policy: Policy
) -> Routed:
    """The rule for these fields on these targets, the strictest of theirs; raises NotRouted when no rule fits."""
    return _routed(place, kind, _found(kind, fields, views), policy)


def route_ticket(session: Session, ticket: Ticket, views: Sequence[View], policy: Policy) -> Routed:
    """The rule for what a ticket asks, by what the last probe of just that came to; raises NotRouted."""
    kind, probed = kind_named(ticket.kind), probed_of(queries.latest_evidence(session, ticket.id, "probe"), ticket)
    place = queries.Place(ticket.cluster, ticket.namespace, ticket.tenant, ticket.environment)
    found = _found(kind, ticket.fields, views)
    for one in found:
        one["application_encryption"] = encryption_word(one.get("application_encryption"), probed)
    return _routed(place, kind, found, policy)


def probed_of(evidence: Evidence | None, ticket: Ticket) -> Result | None:
    """What a probe came to; None where there is none, or it tried what was asked before somebody granted less."""
    if evidence is None or evidence.data["fields"] != digest_of(ticket.fields):
        return None
    return Result(evidence.data["result"])


def digest_of(fields: dict[str, Any]) -> str:
    """What tells the fields that a probe tried from others."""
    return audit.sha256(audit.canonical(fields))


def _found(kind: Kind[Any], fields: dict[str, Any], views: Sequence[View]) -> list[dict[str, Any]]:
    return [kind.routing_facts(fields, [view]) for view in views] or [kind.routing_facts(fields, [])]


def _routed(place: queries.Place, kind: Kind[Any], found: Sequence[dict[str, Any]], policy: Policy) -> Routed:
    routes = [route(policy, _facts(place, kind, one)) for one in found]
    chosen = bounded(strictest(routes), kind.longest)
    return Routed(chosen, policy, tuple(sentence for one in found for sentence in one.get("widened", ())))


def _facts(place: queries.Place, kind: Kind[Any], found: dict[str, Any]) -> Facts:
    return Facts(
        kind=kind.name,
        environment=place.environment,
        tenant=place.tenant.name,
        mode=found.get("mode"),
        application_encryption=found.get("application_encryption"),
    )
