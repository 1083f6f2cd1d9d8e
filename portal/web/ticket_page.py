"""One ticket whole, as a page: what it is, who must still decide, what was found, what one may do, what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.context import actor, parts
from portal.api.views import one_view
from portal.db import database_now
from portal.durations import words
from portal.kinds.registry import kind_named
from portal.models import Event, Evidence, Ticket
from portal.tickets import templates
from portal.web.looks import look
from portal.web.offers import Case, offers
from portal.web.page import render
from portal.wording import diffs_in, field_text, plain, progress_text, removed_text, weight

MOST_EVENTS = 500
SAID = ("reason", "note", "text", "answer", "why")
"""The parts of an event that are words of somebody, which the timeline shows."""


@dataclass(frozen=True)
class Refusal:
    """A form that was refused: which, why, and what was typed."""

    deed: str
    sentence: str
    form: Mapping[str, str]


def ticket_page(number: int, refusal: Refusal | None = None, status: int = 200) -> Response:
    """The page of a ticket for whoever is signed in; raises NotFound, also for another tenant's."""
    with parts().database.reading() as session:
        by, now = actor(), database_now(session)
        ticket = queries.ticket(session, number, by=by)
        view = one_view(session, number, by=by)
        found = {
            **_known(session, ticket),
            "offers": offers(Case(session, ticket, by, now)),
            "templates": _templates(session, ticket, by),
        }
    return render("ticket.html", status, ticket=view, refusal=refusal, **_shown(view, ticket, now), **found)


def _shown(view: dict[str, Any], ticket: Ticket, now: datetime) -> dict[str, Any]:
    findings = (view["preflight"] or {}).get("findings", [])
    return {
        "look": look(view, now),
        "now": now,
        "kind": kind_named(ticket.kind),
        "fields": [field_text(name, value) for name, value in view["fields_"].items()],
        "findings": sorted(findings, key=weight),
        "trimmed": _trimmed(view),
        "targets": [_target(one, view) for one in view["targets"]],
    }


def _known(session: Session, ticket: Ticket) -> dict[str, Any]:
    seen = queries.evidence(session, ticket.id)
    return {
        "evidence": seen,
        "change": _change(seen),
        "comments": queries.comments(session, ticket.id),
        "events": [_event(one) for one in queries.events(session, ticket.ref, limit=MOST_EVENTS)],
        "before": queries.history(session, ticket),
    }


def _templates(session: Session, ticket: Ticket, by: Actor) -> Sequence[Any]:
    return templates.all_of(session, ticket.tenant.name, by=by) if by.sees(ticket.tenant_id) else ()


def _trimmed(view: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What was asked beside what was granted of it, for the fields where that differs."""
    asked, granted = view["asked"], view["granted"]
    if asked is None:
        return []
    old, new = ({**one["fields_"], "time": _time(one["duration"])} for one in (asked, granted))
    return [(*field_text(name, old[name]), plain(new.get(name))) for name in old if old[name] != new.get(name)]


def _time(duration: timedelta | None) -> str:
    return "no end" if duration is None else words(duration)


def _target(target: dict[str, Any], view: dict[str, Any]) -> dict[str, Any]:
    seen = (view["progress"] or {}).get(target["workload"])
    return {**target, "shown": progress_text(seen), "removed": removed_text(target["suspended"])}


def _change(seen: Sequence[Evidence]) -> tuple[Evidence, list[tuple[str, str]]] | None:
    """The newest evidence that has a diff, with the diff of each workload."""
    return next(((one, diffs) for one in reversed(seen) if (diffs := diffs_in(one.data))), None)


def _event(event: Event) -> dict[str, Any]:
    payload = event.payload or {}
    said = next((payload[name] for name in SAID if isinstance(payload.get(name), str) and payload[name]), "")
    words = event.type.replace(":", " ").replace("-", " ")
    return {"at": event.happened_at, "words": words, "who": event.actor, "said": said}
