"""Asking: preview and submit, which differ only in that one of them stores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marshmallow import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import outbox, queries
from portal.access.actor import POLICY, Actor
from portal.errors import Invalid
from portal.kinds.base import Kind
from portal.kinds.registry import kind_named
from portal.mesh.workloads import WorkloadRef
from portal.models import Target, Ticket, TicketTarget
from portal.policy_store import current_policy
from portal.states import State
from portal.tickets import awaiting, limits, routing
from portal.tickets.ask import Ask
from portal.tickets.fingerprints import fingerprint_of
from portal.tickets.moving import move, testify
from portal.tickets.placing import place_of
from portal.tickets.sights import Seen, look

__all__ = ["Ask", "Prepared", "flatten", "prepare", "store", "submit", "ticket_for"]


@dataclass(frozen=True)
class Prepared:
    """An ask that holds: checked, canonical and routed."""

    ask: Ask
    kind: Kind[Any]
    fields: dict[str, Any]
    notes: list[str]
    place: queries.Place
    seen: Seen
    routed: routing.Routed
    fingerprint: str
    renews: Ticket | None


def prepare(session: Session, ask: Ask, *, by: Actor, shortest: timedelta) -> Prepared:
    """Check an ask wholly and route it, storing nothing.

    Raises Invalid with the fields, NotFound, Forbidden, NotReady (no inventory yet), Duplicate.
    """
    kind = kind_named(ask.kind)
    fields, notes = _load_fields(kind, ask.fields)
    place = place_of(session, ask, kind, fields, by=by)
    seen = look(session, kind, fields, place)
    views = [sight.view for sight in seen.sights]
    routed = routing.route_ask(place, kind, fields, views, current_policy(session))
    limits.check_times(session, ask, routed.route, shortest)
    fingerprint = fingerprint_of(kind, ask.cluster, ask.namespace, fields, place.tenant.name)
    renews = limits.renewed(session, ask, fingerprint, routed.route, by=by)
    if renews is None:
        limits.refuse_duplicate(session, fingerprint)
    notes += [f"It is routed as if there were no proxy: {sentence}" for sentence in routed.widened]
    return Prepared(ask, kind, fields, notes, place, seen, routed, fingerprint, renews)


def _load_fields(kind: Kind[Any], raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    try:
        return kind.schema.load(raw), kind.notes(raw)
    except ValidationError as error:
        raise Invalid(flatten(error.messages, "fields")) from error


def flatten(messages: Any, path: str) -> dict[str, list[str]]:
    """marshmallow's nested messages as sentences by dotted path."""
    if isinstance(messages, dict):
        flat: dict[str, list[str]] = {}
        for key, value in messages.items():
            flat.update(flatten(value, path if key == "_schema" else f"{path}.{key}".lstrip(".")))
        return flat
    return {path: [str(sentence) for sentence in messages]}


def submit(session: Session, ask: Ask, *, by: Actor, now: datetime, shortest: timedelta) -> Ticket:
    """Store an ask as a PENDING ticket and have a worker look at its targets; raises what `prepare` raises."""
    prepared = prepare(session, ask, by=by, shortest=shortest)
    return store(session, prepared, ticket_for(prepared, by, now), by=by, now=now)


def store(session: Session, prepared: Prepared, ticket: Ticket, *, by: Actor, now: datetime) -> Ticket:
    """Store a ticket that was made of `prepared`, and have a worker look at its targets; raises Duplicate."""
    ask = prepared.ask
    try:
        with session.begin_nested():
            session.add(ticket)
    except IntegrityError:
        # Somebody asked for the same in the same instant: the index knew before the query could.
        if prepared.renews is not None:
            limits.refuse_second_renewal(session, prepared.renews)
        limits.refuse_duplicate(session, prepared.fingerprint)
        raise
    for sight in prepared.seen.sights:
        target = sight.target or _target(session, str(ask.cluster), sight.view.ref)
        link = TicketTarget(ticket_id=ticket.id, target_id=target.id, wanted=sight.wanted.to_json(), suspended={})
        session.add(link)
    testify(session, ticket, "ticket:submitted", by=by, now=now, **_testimony(prepared))
    awaiting.word_said(session, ticket, now=now)
    if prepared.kind.has_cluster_change:
        outbox.send(session, outbox.preflight_call(ticket), now=now)
    elif ticket.automatic:
        # No preflight comes that the policy could wait for.
        move(session, ticket, State.APPROVED, by=POLICY, now=now)
        awaiting.word_said(session, ticket, now=now)
    return ticket


def ticket_for(prepared: Prepared, by: Actor, now: datetime) -> Ticket:
    """The ticket of an ask that holds, not stored yet; `by` is who answers for it."""
    ask, route = prepared.ask, prepared.routed.route
    return Ticket(
        tenant_id=prepared.place.tenant.id,
        requester_id=by.person_id,
        kind=ask.kind,
        cluster=prepared.place.cluster,
        namespace=prepared.place.namespace,
        environment=prepared.place.environment,
        fields=prepared.fields,
        reason=ask.reason,
        notes=prepared.notes,
        duration_seconds=None if ask.duration is None else int(ask.duration.total_seconds()),
        starts_at=ask.starts_at,
        restart_window=None if ask.restart_window is None else ask.restart_window.to_json(),
        renews_id=None if prepared.renews is None else prepared.renews.id,
        fingerprint=prepared.fingerprint,
        created_at=now,
        updated_at=now,
        rule=route.rule,
        rule_reason=route.reason,
        approvals=routing.approvals_of(route),
        automatic=route.automatic,
        policy_hash=prepared.routed.policy.digest,
        progress={},
    )


def _testimony(prepared: Prepared) -> dict[str, Any]:
    ask = prepared.ask
    return {
        "kind": ask.kind,
        "cluster": ask.cluster,
        "namespace": ask.namespace,
        "tenant": prepared.place.tenant.name,
        "reason": ask.reason,
        "fields": prepared.fields,
        "duration_seconds": None if ask.duration is None else int(ask.duration.total_seconds()),
        "starts_at": None if ask.starts_at is None else ask.starts_at.isoformat(),
        "restart_window": None if ask.restart_window is None else ask.restart_window.to_json(),
        "renews": None if prepared.renews is None else prepared.renews.ref,
        "rule": prepared.routed.route.rule,
        "policy": prepared.routed.policy.digest,
    }


def _target(session: Session, cluster: str, ref: WorkloadRef) -> Target:
    target = Target(cluster=cluster, kind=ref.kind, namespace=ref.namespace, name=ref.name, memory={})
    try:
        with session.begin_nested():
            session.add(target)
    except IntegrityError:
        return queries.targets_of(session, cluster, ref.namespace)[ref.kind, ref.name]
    return target
