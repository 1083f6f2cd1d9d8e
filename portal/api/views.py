"""Tickets as the API shows them: with who must still decide, what happens next and what the preflight found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.around import Around, arounds, is_used, tapped
from portal.api.probes import probe_view
from portal.api.standing import standing_view
from portal.kinds.base import Asked
from portal.kinds.registry import kind_named
from portal.models import Decision, Evidence, Ticket
from portal.states import State
from portal.tickets.approvals import Need, Vote, needs
from portal.tickets.next_step import next_step, on_hold
from portal.tickets.probe_standing import is_running

LISTS = ("events", "evidence", "comments", "history")


def ticket_views(session: Session, tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    """The pictures of several loaded tickets, by a handful of more selects for all of them."""
    return [ticket_view(one, around) for one, around in zip(tickets, arounds(session, tickets), strict=True)]


def one_view(session: Session, ticket_id: int, *, by: Actor) -> dict[str, Any]:
    """The picture of one ticket as it is now; raises NotFound."""
    return whole_view(session, queries.ticket(session, ticket_id, by=by))


def whole_view(session: Session, ticket: Ticket) -> dict[str, Any]:
    """The picture of one ticket that was loaded whole, with how often the like was asked before."""
    return {**ticket_views(session, [ticket])[0], "history": queries.history_count(session, ticket)}


def ticket_view(ticket: Ticket, around: Around) -> dict[str, Any]:
    """Everything that TicketSchema shows of a ticket."""
    waiting = still_needed(ticket, around.deciders)
    return {
        **_asked(ticket),
        **_routed(ticket),
        **_trimmed(ticket),
        **_ended(ticket),
        **standing_view(ticket),
        "state": ticket.state.value,
        "version": ticket.version,
        "waiting_for": [need_view(need) for need in waiting],
        "decisions": [_decision(decision) for decision in ticket.decisions],
        "conditions": ticket.conditions,
        **_next(ticket, waiting, around),
        "preflight": _preflight(ticket, around.preflight),
        "probe": probe_view(ticket, around.preflight, around.probe),
        "targets": [_target(link) for link in ticket.targets],
        "usage": _usage(ticket, around),
        "links": _links(ticket),
    }


def still_needed(ticket: Ticket, deciders: queries.Deciders) -> list[Need]:
    """The approvals that a pending ticket still waits for; [] in every other state."""
    if ticket.state is not State.PENDING:
        return []
    return [need for need in needs(Vote.on(ticket, deciders), deciders) if need.missing > 0]


def need_view(need: Need) -> dict[str, Any]:
    """What NeedSchema shows."""
    same = {name: getattr(need, name) for name in ("group", "count", "met", "fallback")}
    return {**same, "people": list(need.people)}


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
        "asked_by": None if ticket.asked_by is None else ticket.asked_by.name,
        "duration": ticket.duration,
        "adopts": ticket.adopts,
        "renews": ticket.renews.ref if ticket.renews else None,
    }


def _routed(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in ("rule", "rule_reason", "automatic", "approvals")}


def _ended(ticket: Ticket) -> dict[str, Any]:
    same = ("active_from", "expires_at", "outcome", "ended_by", "end_reason", "ended_at", "problem", "progress")
    return {name: getattr(ticket, name) for name in (*same, "taken_by", "answer")}


def _trimmed(ticket: Ticket) -> dict[str, Any]:
    """What was asked and what was granted of it, side by side; null where nothing was taken away."""
    if ticket.asked is None:
        return {"asked": None, "granted": None}
    seconds = ticket.asked["duration_seconds"]
    duration = None if seconds is None else timedelta(seconds=seconds)
    asked = {"fields_": ticket.asked["fields"], "targets": ticket.asked["targets"], "duration": duration}
    granted = {"fields_": ticket.fields, "targets": _targets(ticket), "duration": ticket.duration}
    return {"asked": asked, "granted": granted}


def before_view(before: Ticket, ticket: Ticket) -> dict[str, Any]:
    """What LikeSchema shows of an earlier ticket that is like this one."""
    same = ("ref", "reason", "created_at", "outcome", "ended_by", "end_reason", "ended_at")
    now = {"fields_": before.fields, "duration": before.duration, "targets": _targets(before)}
    trimmed = _trimmed(before)
    return {
        **{name: getattr(before, name) for name in same},
        "state": before.state.value,
        "requester": before.requester.name,
        "same": before.fingerprint == ticket.fingerprint,
        "asked": trimmed["asked"] or now,
        "granted": trimmed["granted"],
        "conditions": before.conditions,
        "decisions": [_decision(decision) for decision in before.decisions],
    }


def _targets(ticket: Ticket) -> list[str]:
    return [f"{link.target.kind}/{link.target.name}" for link in ticket.targets]


def _decision(decision: Decision) -> dict[str, Any]:
    """What DecisionMadeSchema shows."""
    return {
        "who": decision.person.name,
        "roles": decision.roles,
        "decision": decision.decision,
        "note": decision.note,
        "void": decision.void_reason,
        "at": decision.decided_at,
        "trimmed": decision.trimmed,
        "stood_in_for": decision.stood_in_for.name if decision.stood_in_for else None,
        "fallback_for": decision.fallback_for,
    }


def _next(ticket: Ticket, waiting: list[Need], around: Around) -> dict[str, Any]:
    asked = around.question if ticket.state is State.PENDING else None
    if asked is None:
        told = next_step(ticket, [need.words for need in waiting], pause=around.pause)
        return {"question": None, "next": _with_probe(told, ticket, around)}
    question = {"id": asked.id, "who": asked.author.name, "text": asked.text, "at": asked.created_at}
    return {"question": question, "next": on_hold(ticket, asked.author.name)}


def _with_probe(told: str, ticket: Ticket, around: Around) -> str:
    if not is_running(ticket, around.preflight, around.probe):
        return told
    if ticket.automatic:
        return "A worker still tries whether the application encrypts; then the policy approves it by itself."
    return f"{told} A worker still tries whether the application encrypts: it can be decided before that ends."


def _preflight(ticket: Ticket, found: Evidence | None) -> dict[str, Any] | None:
    if ticket.preflight_at is None:
        return None
    data: Mapping[str, Any] = found.data if found is not None else {}
    dropped = set(ticket.asked["targets"]) - set(_targets(ticket)) if ticket.asked else set()
    findings = [one for one in data.get("findings", []) if one.get("target") not in dropped]
    return {"at": ticket.preflight_at, "clean": bool(ticket.preflight_clean), "findings": findings}


def _target(link: Any) -> dict[str, Any]:
    return {
        "workload": f"{link.target.kind}/{link.target.name}",
        "namespace": link.target.namespace,
        "suspended": link.suspended,
        "written_at": link.written_at,
        "proven_at": link.proven_at,
    }


def _usage(ticket: Ticket, around: Around) -> list[dict[str, str]]:
    if not is_used(ticket) or ticket.cluster is None:
        return []
    within = {namespace for _, namespace in tapped(ticket)}
    asked = Asked(
        ticket.ref,
        ticket.cluster,
        ticket.namespace,
        ticket.fields,
        around.console,
        around.viz_namespace,
        tuple(ref for ref in around.workloads if ref.namespace in within),
    )
    return [command.to_json() for command in kind_named(ticket.kind).usage(asked)]


def _links(ticket: Ticket) -> dict[str, str]:
    own = f"/api/v1/tickets/{ticket.ref}"
    return {"self": own, **{name: f"{own}/{name}" for name in LISTS}}
