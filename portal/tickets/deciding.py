"""Deciding: approve, reject, and what the preflight means for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from portal import outbox, queries
from portal.access.actor import WORKER, Actor
from portal.access.rights import Action
from portal.errors import NotReady, WrongState
from portal.kinds.registry import kind_named
from portal.mesh.findings import Severity
from portal.mesh.want import Want
from portal.models import Decision, Ticket
from portal.policy import Route
from portal.queries.deciders import Deciders, deciders
from portal.states import State
from portal.tickets import awaiting, templates
from portal.tickets.approvals import complete
from portal.tickets.moving import attach, may, move, take_for_change, testify
from portal.tickets.probe_standing import awaits_probe
from portal.tickets.questions import not_on_hold
from portal.tickets.routing import reroute
from portal.tickets.settling import approve, settle
from portal.tickets.standing import Standing, may_decide
from portal.tickets.trimming import Grant, trim


@dataclass(frozen=True)
class Verdict:
    """A person's word on the `version` of the ticket that they saw.

    An approval may grant less (`grant`) and come with `conditions`; a rejection may name a `template` of the tenant's.
    """

    decision: Literal["approve", "reject"]
    note: str
    version: int
    grant: Grant | None = None
    conditions: tuple[str, ...] = ()
    template: str | None = None


def decide(session: Session, ticket_id: int, verdict: Verdict, *, by: Actor, now: datetime) -> Ticket:
    """Record one person's decision and approve or reject when it settles the ticket.

    Raises Stale, LostRace, WrongState, Forbidden (own ticket, no such role, decided before), NotReady (preflight, a
    question without an answer), Invalid (a grant that is not less, an unknown template), Duplicate.
    """
    ticket = take_for_change(session, ticket_id, by=by, version=verdict.version)
    if verdict.decision == "approve":
        give_approval(session, ticket, verdict, by=by, now=now)
    else:
        standing = may_decide(ticket, by, _deciders(session, ticket))
        reason = templates.reason(session, ticket.tenant, verdict.template, verdict.note)
        ticket.decisions.append(_decision("reject", reason, standing, by=by, now=now))
        told = {"note": reason, "template": verdict.template, **_as_what(standing)}
        testify(session, ticket, "decision:reject", by=by, now=now, **told)
        turn_down(session, ticket, reason=reason, by=by, now=now)
    return ticket


def give_approval(session: Session, ticket: Ticket, verdict: Verdict, *, by: Actor, now: datetime) -> None:
    """Record the person's approval of a ticket that was taken for a change; APPROVED when it completes the rule.

    Raises what `decide` does.
    """
    standing = may_decide(ticket, by, _deciders(session, ticket))
    not_on_hold(session, ticket)
    _preflight_allows(session, ticket)
    decision = _decision("approve", verdict.note, standing, by=by, now=now)
    if verdict.grant is not None:
        decision.trimmed = trim(session, ticket, verdict.grant, by=by, now=now)
    added = [{"text": text, "by": by.name, "at": now.isoformat()} for text in verdict.conditions]
    ticket.conditions = [*ticket.conditions, *added]
    ticket.decisions.append(decision)
    told = {"note": verdict.note, "conditions": list(verdict.conditions), **_as_what(standing)}
    testify(session, ticket, "decision:approve", by=by, now=now, **told)
    if complete(ticket):
        approve(session, ticket, by=by, now=now)
        return
    awaiting.word_said(session, ticket, now=now)
    if decision.trimmed is not None and kind_named(ticket.kind).has_cluster_change:
        # Whoever decides next reads what would change now.
        outbox.send(session, outbox.preflight_call(ticket), now=now)


def _deciders(session: Session, ticket: Ticket) -> Deciders:
    return deciders(session, {ticket.tenant_id}, ticket.hats)[ticket.tenant_id]


def _as_what(standing: Standing) -> dict[str, Any]:
    absent = standing.in_place_of
    return {
        "roles": sorted(standing.roles),
        "stood_in_for": None if absent is None else absent.name,
        "fallback_for": standing.fallback_for,
    }


def turn_down(session: Session, ticket: Ticket, *, reason: str, by: Actor, now: datetime) -> None:
    """Reject a ticket that was taken for a change; raises WrongState unless it is PENDING."""
    move(session, ticket, State.REJECTED, by=by, now=now, reason=reason)
    ticket.end_reason, ticket.ended_by, ticket.ended_at = reason, by.name, now


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
    decision: Literal["approve", "reject"], note: str, standing: Standing, *, by: Actor, now: datetime
) -> Decision:
    return Decision(
        person_id=by.person_id,
        decision=decision,
        roles=sorted(standing.roles),
        note=note,
        decided_at=now,
        stood_in_for_id=standing.in_place_of.person_id if standing.in_place_of else None,
        fallback_for=standing.fallback_for,
    )


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
    """What a worker found before a change: whether nothing blocks it, the findings, the rule it now meets, what the
    ticket wants of workloads as they now are, by target, and the fields that it looked for."""

    clean: bool
    data: dict[str, Any]
    route: Route | None
    wanted: Mapping[int, Want] = field(default_factory=dict)
    fields: dict[str, Any] | None = None


def attach_preflight(session: Session, ticket_id: int, found: Preflight, *, now: datetime) -> Ticket | None:
    """Attach what a worker found; an automatic ticket with clean findings is approved by policy.

    Where the application is said to encrypt, a probe is called for, and the policy waits for it.

    A ticket that was decided or trimmed meanwhile is left as it is: None.
    """
    ticket = take_for_change(session, ticket_id, by=WORKER)
    if ticket.state is not State.PENDING or found.fields not in (None, ticket.fields):
        return None
    ticket.preflight_at, ticket.preflight_clean, ticket.updated_at = now, found.clean, now
    for link in ticket.targets:
        # What people decide on is what the preflight shows: a Job may have started since it was asked.
        if link.target_id in found.wanted:
            link.wanted = found.wanted[link.target_id].to_json()
    if found.route is not None and found.route.rule != ticket.rule:
        reroute(session, ticket, found.route, by=WORKER, now=now)
    # After the route: who is told that it can be decided are those whom its rule asks now.
    attach(session, ticket, "preflight", found.data, now=now)
    if awaits_probe(session, ticket):
        outbox.send_once(session, outbox.probe_call(ticket), now=now)
    settle(session, ticket, now=now)
    return ticket
