"""What a ticket's page and the inbox show of one ticket: the case, what somebody may do about it, and its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.views import whole_view
from portal.durations import words
from portal.errors import Invalid
from portal.kinds.registry import kind_named
from portal.mesh.probing.results import Result
from portal.mesh.stalls import stalled_in
from portal.models import Event, Evidence, Ticket
from portal.probe_words import certificate_text, place_text, weight_of
from portal.states import Adopts, State
from portal.tickets import templates
from portal.web.diffs import changes
from portal.web.effects import button_effect, confirmations
from portal.web.granting import UNITS, Form, grant_of, shrinking, unit_of
from portal.web.headline import headline
from portal.web.looks import look
from portal.web.offers import Case, again, offers
from portal.web.way import Walk, current, way
from portal.wording import field_text, plain, progress_text, removed_text, together, weight

MOST_EVENTS = 200
APPROVED = {
    "break-glass": "glass broken",
    "automatic": "approved by the policy",
    "closes": "needs no approval",
}
ENCRYPTION = "application_encryption"


@dataclass(frozen=True)
class Refusal:
    """A form that was refused: which, why, and what was typed."""

    deed: str
    sentence: str
    form: Form


@dataclass(frozen=True)
class Read:
    """What was read of a ticket to show it: its row, its picture, the evidence and its newest events."""

    ticket: Ticket
    view: dict[str, Any]
    evidence: Sequence[Evidence]
    events: Sequence[Event]


def read(session: Session, number: int, by: Actor) -> Read:
    """A ticket with all that is shown of it; raises NotFound, also for another tenant's."""
    ticket = queries.ticket(session, number, by=by)
    events = queries.newest_events(session, ticket.ref, limit=MOST_EVENTS)
    return Read(ticket, whole_view(session, ticket), queries.evidence(session, ticket.id), events)


def sheet(session: Session, found: Read, *, by: Actor, now: datetime, refusal: Refusal | None = None) -> dict[str, Any]:
    """The words of the templates for the case of one ticket, as `by` sees it."""
    view, ticket = found.view, found.ticket
    case, kind = Case(session, ticket, by, now), kind_named(ticket.kind)
    stations = way(_walk(found))
    return {
        "ticket": view,
        "row": ticket,
        "kind": kind,
        "now": now,
        "refusal": refusal,
        "look": look(view, now),
        "headline": headline(ticket.kind, ticket.fields),
        "way": stations,
        "present": current(stations),
        "offers": offers(case),
        "again": again(case),
        "templates": templates.all_of(session, ticket.tenant.name, by=by) if by.sees(ticket.tenant_id) else (),
        "before": queries.history(session, ticket),
        "change": changes(found.evidence),
        "probed": _probed(view),
        **_said(view, ticket, refusal),
    }


def _said(view: dict[str, Any], ticket: Ticket, refusal: Refusal | None) -> dict[str, Any]:
    findings = (view["preflight"] or {}).get("findings", [])
    kind = kind_named(ticket.kind)
    typed = refusal.form if refusal is not None and refusal.deed == "approve" else None
    return {
        "fields": [field_text(name, value) for name, value in view["fields_"].items() if name != ENCRYPTION],
        "encryption": view["fields_"].get(ENCRYPTION),
        "findings": together(sorted(findings, key=weight)),
        "trimmed": _trimmed(view),
        "targets": [_target(one, view) for one in view["targets"]],
        "shrinking": shrinking(ticket.kind, ticket.fields, typed),
        "units": list(UNITS),
        "unit_asked": unit_of(ticket.duration),
        "trims": typed is not None and _trims(typed, ticket),
        "effect": button_effect(view, kind),
        "confirm": confirmations(view, kind),
    }


def _probed(view: dict[str, Any]) -> list[tuple[dict[str, Any], str, str, str]]:
    """Each port that was probed, the weakest first, with how it weighs, where it is and what its certificate says."""
    probe = view["probe"] or {"ports": []}
    ports = sorted(probe["ports"], key=lambda one: list(Result).index(one["result"]))
    return [(one, weight_of(one["result"]), place_text(one), certificate_text(one, probe["at"])) for one in ports]


def _trims(form: Form, ticket: Ticket) -> bool:
    try:
        return grant_of(form, ticket.kind, ticket.fields) is not None
    except Invalid:
        return True


def _walk(found: Read) -> Walk:
    view, kind = found.view, kind_named(found.ticket.kind)
    as_what = "break-glass" if view["break_glass"] else "automatic" if view["automatic"] else ""
    as_what = "closes" if view["adopts"] == Adopts.CLOSE else as_what
    return Walk(
        state=State(view["state"]),
        changes_cluster=kind.has_cluster_change,
        clean=view["preflight"]["clean"] if view["preflight"] else None,
        was_active=any(one.kind == "applied" for one in found.evidence),
        outcome=view["outcome"],
        problem=view["problem"] or _stalled(view),
        approved_as=APPROVED.get(as_what, "approved"),
        awaits="waits for an answer" if view["question"] else "waits for approval",
        taken=view["taken_by"] is not None,
        reached=_reached(found),
    )


def _stalled(view: dict[str, Any]) -> str:
    """Which rollouts hang in the present phase, and why."""
    found = stalled_in(view["progress"] or {}, view["state"])
    return " ".join(f"{workload}: {why}" for workload, why in found.items())


def _reached(found: Read) -> dict[str, datetime]:
    """When the ticket last came to each state."""
    states = {f"ticket:{state}": state.value for state in State}
    moves = {states[one.type]: one.happened_at for one in found.events if one.type in states}
    preflight = found.view["preflight"]
    checked = {"preflight": preflight["at"]} if preflight else {}
    return {State.PENDING.value: found.ticket.created_at, **moves, **checked}


def _trimmed(view: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What was asked beside what was granted of it, for the fields where that differs."""
    asked, granted = view["asked"], view["granted"]
    if asked is None:
        return []
    old, new = ({**one["fields_"], "time": _time(one["duration"])} for one in (asked, granted))
    return [(*field_text(name, old[name]), plain(new.get(name))) for name in old if old[name] != new.get(name)]


def _time(duration: timedelta | None) -> str:
    return "no end" if duration is None else words(duration)


def _target(target: Mapping[str, Any], view: dict[str, Any]) -> dict[str, Any]:
    seen = (view["progress"] or {}).get(target["workload"])
    return {**target, "shown": progress_text(seen), "removed": removed_text(target["suspended"])}
