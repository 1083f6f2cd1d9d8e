"""The preflight: what a change would do to its workloads, looked at in the cluster before anybody decides."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal import outbox, queries
from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import Gone, Refused, Transient
from portal.kinds.base import InventoryView, Kind
from portal.kinds.registry import kind_named
from portal.mesh.annotations import KEYS
from portal.mesh.findings import Finding, Severity
from portal.mesh.fold import Claim, Unreadable
from portal.mesh.view import effective_report
from portal.mesh.want import Want
from portal.mesh.workloads import annotations_patch, field_owners
from portal.models import Target, Ticket
from portal.policy import NotRouted, Route
from portal.policy_store import policy_of
from portal.states import State
from portal.tickets.deciding import Preflight, attach_preflight
from portal.tickets.expectation import expected_change
from portal.tickets.routing import route_ask, view_of
from workers.context import Context, Spot, surroundings
from workers.rollout import links_of, mesh_annotations

log = logging.getLogger(__name__)

TRY_AGAIN = timedelta(seconds=5)


@dataclass(frozen=True)
class Looked:
    """What was found on one target; `view` is None where there is nothing to look at."""

    view: InventoryView | None
    findings: list[Finding]
    report: dict[str, Any]


def preflight(context: Context, ticket_id: int) -> None:
    """Look at every target of a pending ticket and attach what was found; tried again while the cluster is away."""
    with context.database.reading() as session:
        ticket = queries.ticket(session, ticket_id, by=WORKER)
        spots = [spot for _, spot in links_of(session, ticket_id)]
    if ticket.state is not State.PENDING:
        return
    try:
        looked = [_look(context, ticket, spot) for spot in spots]
    except Transient as error:
        log.warning("%s: %s", ticket.ref, error.sentence)
        with context.database.unit_of_work() as session:
            call = replace(outbox.preflight_call(ticket), delay=TRY_AGAIN)
            outbox.send(session, call, now=database_now(session))
        return
    with context.database.unit_of_work() as session:
        attach_preflight(session, ticket_id, _together(session, ticket, looked), now=database_now(session))


def _look(context: Context, ticket: Ticket, spot: Spot) -> Looked:
    kind = kind_named(ticket.kind)
    try:
        cluster = context.connect(spot.cluster)
        obj, around = cluster.workload(spot.ref), surroundings(cluster, spot.ref.namespace)
        budgets = tuple(cluster.disruption_budgets(spot.ref.namespace))
    except (Gone, Refused) as error:
        return Looked(None, [_blocking("cluster-refused", spot, error.sentence)], {"workload": str(spot.ref)})
    with context.database.reading() as session:
        target = session.get_one(Target, spot.target_id)
        view = replace(view_of(session, obj, around, target, besides=ticket.ref), budgets=budgets)
        claim = Claim(ticket.ref, kind.wants(ticket.fields), Want())
        try:
            change = expected_change(session, target, obj, around, claim)
        except Unreadable:
            # The kind's own checks say which value it is and who must mend it.
            change = None
    findings = kind.checks(ticket.fields, [view])
    if change is not None:
        findings += _rehearse(context, spot, obj, change)
    return Looked(view, findings, _report(spot, view, change))


def _rehearse(context: Context, spot: Spot, obj: dict[str, Any], change: dict[str, Any]) -> list[Finding]:
    """What the API server says to the very change, without storing it."""
    before, after = change["before"], change["after"]
    changes = {key: after.get(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    patch = annotations_patch(spot.ref.kind, changes, "MD-0;0", None)
    try:
        context.connect(spot.cluster).patch_workload(spot.ref, patch, dry_run=True)
    except (Gone, Refused) as error:
        return [_blocking("change-refused", spot, error.sentence)]
    return []


def _blocking(code: str, spot: Spot, fact: str) -> Finding:
    meaning = "The change could not be written: this must be mended first; then run the preflight again."
    return Finding(code, Severity.BLOCKING, str(spot.ref), fact, meaning)


def _report(spot: Spot, view: InventoryView, change: dict[str, Any] | None) -> dict[str, Any]:
    obj = dict(view.obj)
    return {
        "workload": str(spot.ref),
        "uid": obj["metadata"]["uid"],
        "change": change,
        "effective": effective_report(obj, view.namespace, view.defaults),
        "annotations": mesh_annotations(obj),
        "field_owners": field_owners(obj, KEYS),
        "linkerd": view.defaults.version,
    }


def _together(session: Session, ticket: Ticket, looked: list[Looked]) -> Preflight:
    findings = [finding for one in looked for finding in one.findings]
    clean = not any(finding.severity is Severity.BLOCKING for finding in findings)
    data = {"targets": [one.report for one in looked], "findings": [finding.to_json() for finding in findings]}
    views = [one.view for one in looked if one.view is not None]
    return Preflight(clean, data, _route(session, kind_named(ticket.kind), ticket, views))


def _route(session: Session, kind: Kind, ticket: Ticket, views: list[InventoryView]) -> Route | None:
    place = queries.Place(ticket.cluster, ticket.namespace, ticket.tenant, ticket.environment)
    try:
        return route_ask(place, kind, ticket.fields, views, policy_of(session, ticket.policy_hash)).route
    except NotRouted:
        return None
