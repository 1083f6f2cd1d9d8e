"""The page of a kind's form, whatever was typed and came of it: the same for every kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask import Response
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.context import actor, parts
from portal.db import database_now
from portal.durations import format_duration, in_words, typed_duration
from portal.kinds.base import Kind, Scope
from portal.models import Ticket
from portal.restart_window import DAYS
from portal.states import State
from portal.tickets.moving import number_of
from portal.web.asking.choices import Where, lengths, picks, where
from portal.web.asking.draft import NO_END, OTHER, Draft, about, again
from portal.web.asking.field import Sort, Typed
from portal.web.asking.verdict import Verdict, verdict_of
from portal.web.blueprint import blueprint
from portal.web.page import render
from portal.wording import field_text

UNPROCESSABLE = 422
NOT_FOUND = 404


def draft_of(session: Session, kind: Kind[Any], typed: Typed, *, by: Actor) -> Draft:
    """What was typed, over what it follows or repeats; raises NotFound for a ticket that one may not see."""
    found = ticket(session, typed.get("renews"), by=by)
    repeated = found or ticket(session, typed.get("from"), by=by)
    mixed = Typed(typed)
    if repeated is not None and repeated.kind == kind.name:
        for name, values in again(repeated, kind).lists():
            if name not in mixed and not (found and name == "reason"):
                mixed.setlist(name, values)
    if kind.scope is Scope.ANYTHING:
        mixed["about"] = about(mixed)
    return Draft(kind, mixed, found)


def ticket(session: Session, ref: str | None, *, by: Actor) -> Ticket | None:
    """The ticket that an address names; None where it names none. Raises NotFound, also for those of others."""
    return queries.ticket(session, number_of(ref), by=by) if ref else None


def placed(session: Session, draft: Draft, *, by: Actor) -> tuple[Draft, Where]:
    """The draft at the place that is settled, and what there is to choose from."""
    place, typed = where(session, draft, by=by), Typed(draft.typed)
    if place.spot is not None:
        typed["cluster"], typed["namespace"] = place.spot.cluster, place.spot.namespace
    if place.cluster:
        typed["cluster"] = place.cluster
    return replace(draft, typed=typed), place


@blueprint.app_template_filter("ago")
def ago(seconds: int) -> str:
    """`2 h 5 min`: how long ago something was seen."""
    return in_words(timedelta(seconds=seconds))


@dataclass(frozen=True)
class Sheet:
    """What a page shows: what was typed, where it is for, and what came of it."""

    draft: Draft
    place: Where
    verdict: Verdict


def show(kind: Kind[Any], typed: Typed) -> Response:
    """The form as an address fills it in. What is still empty is no error yet."""
    with parts().database.reading() as session:
        draft, place = placed(session, draft_of(session, kind, typed, by=actor()), by=actor())
        _suppose(draft, place, lengths(session, kind, draft.form, place).usual)
        found = Verdict()
        if place.settled(kind):
            seen = verdict_of(session, draft, by=actor())
            # What cannot be renewed at all, no word will mend.
            found = replace(seen, errors={}, refusal=seen.refusal if draft.before else "")
        return _rendered(session, Sheet(draft, place, found), NOT_FOUND if place.unknown else 200)


def _suppose(draft: Draft, place: Where, usual: str) -> None:
    """Fill in what most would choose: the usual length, and the namespace where one has but one on the cluster."""
    listed = draft.form.one(Sort.NAMESPACES)
    if not draft.length:
        draft.typed["duration"] = usual
    if listed and len(place.spots) == 1 and not place.more and listed.name not in draft.typed:
        draft.typed[listed.name] = place.spots[0].namespace


def check(kind: Kind[Any], typed: Typed, *, part: bool) -> Response:
    """The form with what the request would meet; `part` only what a script puts in the place of what is shown."""
    with parts().database.reading() as session:
        draft, place = placed(session, draft_of(session, kind, typed, by=actor()), by=actor())
        found = verdict_of(session, draft, by=actor()) if place.settled(kind) else Verdict()
        wrong = bool(found.errors or found.refusal or place.unknown)
        # A script asks while somebody types: what is wrong then is an answer and no failure.
        status = UNPROCESSABLE if wrong and not part else 200
        return _rendered(session, Sheet(draft, place, found), status, part=part)


def refuse(kind: Kind[Any], typed: Typed, verdict: Verdict, status: int) -> Response:
    """The form after it was sent in vain, with all that was typed."""
    with parts().database.reading() as session:
        draft, place = placed(session, draft_of(session, kind, typed, by=actor()), by=actor())
        seen = verdict_of(session, draft, by=actor()) if place.settled(kind) else Verdict()
        both = replace(verdict, met=seen.met, ask=seen.ask, errors={**seen.errors, **verdict.errors})
        return _rendered(session, Sheet(draft, place, both), status)


def _rendered(session: Session, sheet: Sheet, status: int, *, part: bool = False) -> Response:
    draft, place, kind = sheet.draft, sheet.place, sheet.draft.kind
    pickable = draft.form.one(Sort.WORKLOADS) if not part or draft.one("part") == "picks" else None
    time = lengths(session, kind, draft.form, place)
    now = database_now(session)
    return render(
        "ask_parts.html" if part else "ask.html",
        status,
        kind=kind,
        draft=draft,
        typed=draft.typed,
        fields=draft.form.fields if draft.before is None else (),
        place=place,
        settled=place.settled(kind),
        picks=picks(session, draft, place.spot, pickable, now) if pickable and place.spot else None,
        time=time,
        length=_length(draft, [one for one, _ in time.options]),
        verdict=sheet.verdict,
        renewable=_is_open(session, sheet.verdict.ref) and draft.before is None,
        same=[field_text(name, value) for name, value in draft.before.fields.items()] if draft.before else [],
        names=draft.names,
        days=DAYS,
        key=draft.one("key") or uuid4().hex,
        part=part,
    )


def _is_open(session: Session, ref: str) -> bool:
    return bool(ref) and queries.ticket(session, number_of(ref), by=actor()).state in (State.APPLYING, State.ACTIVE)


def _length(draft: Draft, options: list[str]) -> tuple[str, str]:
    """The radio that is chosen, and what stands in the field for another length."""
    chosen = draft.length
    try:
        same = format_duration(typed_duration(chosen))
    except ValueError:
        same = chosen
    if same in (NO_END, "", *options):
        return same, draft.one("length")
    return OTHER, chosen
