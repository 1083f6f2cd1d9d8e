"""What a request would meet, worked out from the inventory: tickets.py shows it and stores nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.sights import age_seconds
from portal.api.views import need_view
from portal.kinds.base import ObjectKind
from portal.mesh.diff import created_diff
from portal.mesh.findings import Finding, Severity
from portal.mesh.fold import Claim, Unreadable
from portal.mesh.view import InventoryView, effective_report
from portal.tickets.approvals import Need, Vote, needs
from portal.tickets.asking import Prepared
from portal.tickets.expectation import Surroundings, expected_change
from portal.tickets.routing import approvals_of
from portal.tickets.sights import Sight

# Stands for the reference that the ticket will have in the names of the objects that it would create.
NOT_YET = "MD-0"


def preview_view(session: Session, prepared: Prepared, *, by: Actor, now: datetime) -> dict[str, Any]:
    """What PreviewSchema shows: rule, approvers, the expected change of each workload, and the age of what is known."""
    found = prepared.kind.checks(prepared.fields, [sight.view for sight in prepared.seen.sights])
    needs = _needs(session, prepared, by)
    return {
        **_asked(prepared),
        **_routed(prepared),
        "waiting_for": [need_view(need) for need in needs],
        "targets": [_target(session, prepared, sight, found) for sight in prepared.seen.sights],
        "seen_at": prepared.seen.seen_at,
        "age_seconds": age_seconds(prepared.seen.seen_at, now),
        "next": _next(prepared, needs, found),
    }


def _asked(prepared: Prepared) -> dict[str, Any]:
    ask, place = prepared.ask, prepared.place
    return {
        **{name: getattr(ask, name) for name in ("kind", "cluster", "namespace", "duration")},
        "tenant": place.tenant.name,
        "environment": place.environment,
        "fields_": prepared.fields,
        "notes": prepared.notes,
    }


def _routed(prepared: Prepared) -> dict[str, Any]:
    route = prepared.routed.route
    same = {name: getattr(route, name) for name in ("rule", "automatic", "longest")}
    return {**same, "rule_reason": route.reason, "approvals": approvals_of(route)}


def _needs(session: Session, prepared: Prepared, by: Actor) -> list[Need]:
    tenant = prepared.place.tenant.id
    deciders = queries.deciders(session, {tenant})[tenant]
    vote = Vote(approvals_of(prepared.routed.route), spent=frozenset({deciders.voice(by.name)}))
    return needs(vote, deciders)


def _target(session: Session, prepared: Prepared, sight: Sight, found: list[Finding]) -> dict[str, Any]:
    view = sight.view
    own = [one for one in found if one.target == str(view.ref)]
    return {
        "workload": str(view.ref),
        "namespace": view.ref.namespace,
        "change": _change(session, prepared, sight),
        "effective": effective_report(view.obj, view.namespace, view.defaults)
        if isinstance(view, InventoryView)
        else {},
        "findings": [one.to_json() for one in own],
        "warnings": [f"{one.fact} {one.meaning}" for one in own if one.severity is Severity.WARNING],
    }


def _change(session: Session, prepared: Prepared, sight: Sight) -> dict[str, Any] | None:
    view, kind = sight.view, prepared.kind
    if isinstance(kind, ObjectKind):
        return created_diff(kind.manifests(prepared.fields, view, NOT_YET))
    if not isinstance(view, InventoryView):
        return None
    around = Surroundings(dict(view.namespace), view.defaults)
    try:
        return expected_change(session, sight.target, view.obj, around, Claim("preview", sight.wanted))
    except Unreadable:
        # A blocking finding says which present value cannot be read.
        return None


def _next(prepared: Prepared, needs: list[Need], found: list[Finding]) -> str:
    if any(one.severity is Severity.BLOCKING for one in found):
        return "Mend the blocking findings first: with them the request could not be approved."
    if not prepared.kind.has_cluster_change:
        at_once = prepared.routed.route.automatic
        return f"Ask for it: {'the policy approves it at once' if at_once else f'it waits for {_people(needs)}'}."
    if prepared.routed.route.automatic:
        return "Ask for it: the policy approves it by itself once a worker's preflight is clean."
    return f"Ask for it: after a worker's preflight it waits for {_people(needs)}."


def _people(needs: list[Need]) -> str:
    return " and ".join(need.words for need in needs)
