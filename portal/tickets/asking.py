"""Asking: preview and submit, which differ only in that one of them stores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marshmallow import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import audit, outbox, queries
from portal.access.actor import TENANT_ROLES, Actor
from portal.durations import words
from portal.errors import Duplicate, Forbidden, Invalid, NotReady
from portal.kinds.base import InventoryView, Kind
from portal.kinds.registry import kind_named
from portal.mesh.want import Want
from portal.mesh.workloads import WorkloadRef
from portal.models import Target, Ticket, TicketTarget
from portal.policy import Route
from portal.policy_store import current_policy
from portal.states import OCCUPYING, State
from portal.tickets import routing
from portal.tickets.moving import number_of, testify


@dataclass(frozen=True)
class Ask:
    """What somebody asks: the envelope, with the kind's own fields still as they were sent."""

    kind: str
    cluster: str
    namespace: str
    reason: str
    duration: timedelta | None
    fields: dict[str, Any]
    renews: str | None = None


@dataclass(frozen=True)
class Prepared:
    """An ask that holds: checked, canonical and routed."""

    ask: Ask
    kind: Kind
    fields: dict[str, Any]
    notes: list[str]
    place: queries.Place
    view: queries.NamespaceView
    views: list[tuple[InventoryView, Target | None]]
    want: Want
    routed: routing.Routed
    fingerprint: str
    renews: Ticket | None


def prepare(session: Session, ask: Ask, *, by: Actor, shortest: timedelta) -> Prepared:
    """Check an ask wholly and route it, storing nothing.

    Raises Invalid with the fields, NotFound, Forbidden, NotReady (no inventory yet), Duplicate.
    """
    kind = kind_named(ask.kind)
    place = queries.place(session, ask.cluster, ask.namespace, by=by)
    if not by.roles_in(place.tenant.id) & TENANT_ROLES:
        raise Forbidden(f"Only people of tenant {place.tenant.name} ask for its namespaces.")
    fields, notes = _load_fields(kind, ask.fields)
    refs, want = kind.targets(fields, ask.namespace), kind.wants(fields)
    view = _view(session, ask)
    _all_known(view, refs)
    views = routing.views_seen(session, view, refs)
    routed = routing.route_ask(place, kind, fields, [seen for seen, _ in views], current_policy(session))
    _duration_fits(ask.duration, routed.route, shortest)
    fingerprint = _fingerprint(ask, kind, fields)
    renews = _renewed(session, ask, fingerprint, routed.route, by)
    if renews is None:
        _refuse_duplicate(session, fingerprint)
    notes += [f"It is routed as if there were no proxy: {sentence}" for sentence in routed.widened]
    return Prepared(ask, kind, fields, notes, place, view, views, want, routed, fingerprint, renews)


def _load_fields(kind: Kind, raw: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
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


def _view(session: Session, ask: Ask) -> queries.NamespaceView:
    view = queries.namespace_view(session, ask.cluster, ask.namespace)
    if view is None:
        raise NotReady(
            f"Workers have not seen namespace {ask.namespace} on {ask.cluster} yet: try again in a minute, and ask "
            "your platform operators if it stays so."
        )
    return view


def _all_known(view: queries.NamespaceView, refs: list[WorkloadRef]) -> None:
    errors = {
        f"fields.workloads.{position}": [
            f"There is no {ref} in {view.namespace.name} on {view.namespace.cluster} "
            f"(as seen at {view.seen_at:%H:%M:%S} UTC)."
        ]
        for position, ref in enumerate(refs)
        if (ref.kind, ref.name) not in view.workloads
    }
    if errors:
        raise Invalid(errors)


def _duration_fits(duration: timedelta | None, route: Route, shortest: timedelta) -> None:
    if duration is None:
        if not route.may_stand_without_end:
            raise Invalid({"duration": [f"Say for how long; rule {route.rule} allows {_at_most(route)}."]})
    elif duration < shortest:
        raise Invalid({"duration": [f"The shortest window is {words(shortest)}: ask for at least that."]})
    elif route.longest is not None and duration > route.longest:
        raise Invalid({"duration": [f"Rule {route.rule} allows {_at_most(route)}: ask for less, or renew in time."]})


def _at_most(route: Route) -> str:
    return "no end" if route.longest is None else f"at most {words(route.longest)}"


def _fingerprint(ask: Ask, kind: Kind, fields: dict[str, Any]) -> str:
    same = {"kind": ask.kind, "cluster": ask.cluster, "namespace": ask.namespace, "wants": kind.identity(fields)}
    return audit.sha256(audit.canonical(same))


def _renewed(session: Session, ask: Ask, fingerprint: str, route: Route, by: Actor) -> Ticket | None:
    if ask.renews is None:
        return None
    before = queries.ticket(session, number_of(ask.renews), by=by)
    if before.state not in (State.ACTIVE, State.APPLYING) or before.fingerprint != fingerprint:
        raise Invalid({"renews": [f"{before.ref} is not an open window of the same content: ask anew instead."]})
    if not route.renewal:
        raise Invalid({"renews": [f"Rule {route.rule} allows no renewal."]})
    _refuse_second_renewal(session, before)
    return before


def _refuse_second_renewal(session: Session, before: Ticket) -> None:
    following = queries.follower(session, before.id, OCCUPYING)
    if following is not None:
        sentence = f"{following.ref} renews {before.ref} already and is {following.state}: use that one."
        raise Duplicate(sentence, ref=following.ref)


def _refuse_duplicate(session: Session, fingerprint: str) -> None:
    same = queries.occupied(session, fingerprint, OCCUPYING)
    if same is not None:
        raise Duplicate(
            f"{same.ref} asks for the same and is {same.state}: use that one, or renew it with renews={same.ref}.",
            ref=same.ref,
        )


def submit(session: Session, ask: Ask, *, by: Actor, now: datetime, shortest: timedelta) -> Ticket:
    """Store an ask as a PENDING ticket and have a worker look at its targets; raises what `prepare` raises."""
    prepared = prepare(session, ask, by=by, shortest=shortest)
    ticket = _ticket(prepared, by, now)
    try:
        with session.begin_nested():
            session.add(ticket)
    except IntegrityError:
        # Somebody asked for the same in the same instant: the index knew before the query could.
        if prepared.renews is not None:
            _refuse_second_renewal(session, prepared.renews)
        _refuse_duplicate(session, prepared.fingerprint)
        raise
    for seen, known in prepared.views:
        target = known or _target(session, ask.cluster, seen.ref)
        link = TicketTarget(ticket_id=ticket.id, target_id=target.id, wanted=prepared.want.to_json(), suspended={})
        session.add(link)
    testify(session, ticket, "ticket:submitted", by=by, now=now, **_testimony(prepared))
    outbox.send(session, outbox.preflight_call(ticket), now=now)
    return ticket


def _ticket(prepared: Prepared, by: Actor, now: datetime) -> Ticket:
    ask, route = prepared.ask, prepared.routed.route
    return Ticket(
        tenant_id=prepared.place.tenant.id,
        requester_id=by.person_id,
        kind=ask.kind,
        cluster=ask.cluster,
        namespace=ask.namespace,
        environment=prepared.place.environment,
        fields=prepared.fields,
        reason=ask.reason,
        notes=prepared.notes,
        duration_seconds=None if ask.duration is None else int(ask.duration.total_seconds()),
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
