"""Deciding: approve, reject, and what the preflight means for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from portal import outbox, queries
from portal.access.actor import POLICY, WORKER, Actor, Scope
from portal.access.rights import Action, need_scope
from portal.errors import Forbidden, NotReady, WrongState
from portal.kinds.registry import kind_named
from portal.mesh.findings import Severity
from portal.mesh.want import Want
from portal.models import Decision, Ticket
from portal.policy import Route
from portal.states import State
from portal.tickets import approving, awaiting, breaking_glass
from portal.tickets.approvals import complete
from portal.tickets.moving import attach, may, move, take_for_change, testify
from portal.tickets.routing import put_on


@dataclass(frozen=True)
class Verdict:
    """A person's word on the `version` of the ticket that they saw."""

    decision: Literal["approve", "reject"]
    note: str
    version: int


def decide(session: Session, ticket_id: int, verdict: Verdict, *, by: Actor, now: datetime) -> Ticket:
    """Record one person's decision and approve or reject when it settles the ticket.

    Raises Stale, LostRace, WrongState, Forbidden (own ticket, no such role, decided before), NotReady (preflight).
    """
    ticket = take_for_change(session, ticket_id, by=by, version=verdict.version)
    if verdict.decision == "approve":
        give_approval(session, ticket, note=verdict.note, by=by, now=now)
    else:
        ticket.decisions.append(_decision(verdict.decision, verdict.note, by, _may_decide(ticket, by), now))
        turn_down(session, ticket, reason=verdict.note, by=by, now=now)
    return ticket


def give_approval(session: Session, ticket: Ticket, *, note: str, by: Actor, now: datetime) -> None:
    """Record the person's approval of a ticket that was taken for a change; APPROVED when it completes the rule.

    Raises WrongState, Forbidden and NotReady as `decide` does.
    """
    roles = _may_decide(ticket, by)
    _preflight_allows(session, ticket)
    ticket.decisions.append(_decision("approve", note, by, roles, now))
    testify(session, ticket, "decision:approve", by=by, now=now, note=note, roles=sorted(roles))
    if complete(ticket):
        approving.approve(session, ticket, by=by, now=now)
    else:
        awaiting.word_said(session, ticket, now=now)


def turn_down(session: Session, ticket: Ticket, *, reason: str, by: Actor, now: datetime) -> None:
    """Reject a ticket that was taken for a change; raises WrongState unless it is PENDING."""
    move(session, ticket, State.REJECTED, by=by, now=now, reason=reason)
    ticket.end_reason, ticket.ended_by, ticket.ended_at = reason, by.name, now


def _may_decide(ticket: Ticket, by: Actor) -> frozenset[str]:
    """The hats that the actor decides with: every role, and the groups and the name that the rule asks for."""
    need_scope(by, Scope.DECIDE, f"decide on {ticket.ref}")
    if by.is_behind(ticket.requester):
        raise Forbidden("Nobody decides on their own ticket: another person of the deciding group must.")
    hats = by.hats_in(ticket.tenant_id)
    if not hats & ticket.hats:
        groups = " and ".join(sorted(ticket.hats)) or "nobody: it is automatic"
        raise Forbidden(f"You have none of the roles that decide on {ticket.ref} ({groups}).")
    if ticket.state is not State.PENDING:
        raise WrongState(f"{ticket.ref} is {ticket.state}: it is decided already.")
    if any(by.is_behind(decision.person) for decision in ticket.decisions):
        raise WrongState(f"You have decided on {ticket.ref} already; it waits for somebody else.")
    return by.roles_in(ticket.tenant_id) | (hats & ticket.hats)


def _preflight_allows(session: Session, ticket: Ticket) -> None:
    if not kind_named(ticket.kind).has_cluster_change:
        return
    if ticket.preflight_at is None:
        raise NotReady(f"The preflight of {ticket.ref} has not run yet: wait a few seconds and look at what it found.")
    if not ticket.preflight_clean:
        raise NotReady(f"The preflight of {ticket.ref} found what blocks the change. {_blocking(session, ticket)}")


def _blocking(session: Session, ticket: Ticket) -> str:
    found = queries.latest_evidence(session, ticket.id, "preflight")
    findings = [] if found is None else found.data.get("findings", [])
    return " ".join(str(finding["fact"]) for finding in findings if finding["severity"] == Severity.BLOCKING)


def _decision(
    decision: Literal["approve", "reject"], note: str, by: Actor, roles: frozenset[str], now: datetime
) -> Decision:
    return Decision(person_id=by.person_id, decision=decision, roles=sorted(roles), note=note, decided_at=now)


def ask_preflight(session: Session, ticket_id: int, *, by: Actor, now: datetime) -> Ticket:
    """Have a worker look at the workloads again; raises WrongState unless the ticket waits for a decision."""
    ticket = take_for_change(session, ticket_id, by=by)
    may(by, Action.PREFLIGHT, ticket)
    if not kind_named(ticket.kind).has_cluster_change:
        raise WrongState(f"{ticket.ref} changes no cluster: it needs no preflight.")
    if ticket.state is not State.PENDING:
        raise WrongState(f"{ticket.ref} is {ticket.state}: a preflight is for tickets that wait for a decision.")
    testify(session, ticket, "preflight:asked", by=by, now=now)
    outbox.send(session, outbox.preflight_call(ticket), now=now)
    return ticket


@dataclass(frozen=True)
class Preflight:
    """What a worker found before a change: whether nothing blocks it, the findings, the rule it now meets, and what the
    ticket wants of workloads as they now are, by target."""

    clean: bool
    data: dict[str, Any]
    route: Route | None
    wanted: Mapping[int, Want] = field(default_factory=dict)


def attach_preflight(session: Session, ticket_id: int, found: Preflight, *, now: datetime) -> Ticket | None:
    """Attach what a worker found; an automatic ticket with clean findings is approved by policy.

    A ticket that was decided meanwhile is left as it is: None.
    """
    ticket = take_for_change(session, ticket_id, by=WORKER)
    if ticket.state is not State.PENDING:
        return None
    ticket.preflight_at, ticket.preflight_clean, ticket.updated_at = now, found.clean, now
    attach(session, ticket, "preflight", found.data, now=now)
    for link in ticket.targets:
        # What people decide on is what the preflight shows: a Job may have started since it was asked.
        if link.target_id in found.wanted:
            link.wanted = found.wanted[link.target_id].to_json()
    if found.route is not None and found.route.rule != ticket.rule:
        _reroute(session, ticket, found.route, now=now)
    if found.clean and (ticket.automatic or (ticket.decisions and complete(ticket))):
        approving.approve(session, ticket, by=POLICY, now=now)
    return ticket


def _reroute(session: Session, ticket: Ticket, route: Route, *, now: datetime) -> None:
    """The workloads are not what the inventory said: the same policy's rule for what they are counts."""
    payload = {"from": ticket.rule, "to": route.rule}
    put_on(session, ticket, route)
    breaking_glass.keep_or_mend(ticket, route)
    testify(session, ticket, "ticket:rerouted", by=WORKER, now=now, **payload)
