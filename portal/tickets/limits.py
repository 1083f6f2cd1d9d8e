"""What bounds an ask: the rule's longest window, when it may start, renewals, and that nobody asks the same twice."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.db import database_now
from portal.durations import words
from portal.errors import Duplicate, Invalid
from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.policy import Route
from portal.states import OCCUPYING, State
from portal.tickets.ask import Ask
from portal.tickets.moving import number_of

LATEST_START = timedelta(days=90)


def check_times(session: Session, ask: Ask, route: Route, shortest: timedelta) -> None:
    """Raise Invalid when the window is too long or too short for its rule, or starts in the past or too far off."""
    _duration_fits(ask.duration, route, shortest)
    if ask.restart_window is not None and not kind_named(ask.kind).restarts_pods:
        raise Invalid({"restart_window": [f"A {ask.kind} restarts no pods of yours: leave this out."]})
    if ask.starts_at is None:
        return
    now = database_now(session)
    if ask.starts_at <= now:
        raise Invalid({"starts_at": ["That is over: name a time to come, or leave it out to start once approved."]})
    if ask.starts_at > now + LATEST_START:
        raise Invalid({"starts_at": [f"That is too far off: name a time within {words(LATEST_START)}."]})


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


def renewed(session: Session, ask: Ask, fingerprint: str, route: Route, *, by: Actor) -> Ticket | None:
    """The open ticket that this ask follows, None where it follows none; raises Invalid and Duplicate."""
    if ask.renews is None:
        return None
    before = queries.ticket(session, number_of(ask.renews), by=by)
    if before.state not in (State.ACTIVE, State.APPLYING) or before.fingerprint != fingerprint:
        raise Invalid({"renews": [f"{before.ref} is not an open window of the same content: ask anew instead."]})
    if not route.renewal:
        raise Invalid({"renews": [f"Rule {route.rule} allows no renewal."]})
    refuse_second_renewal(session, before)
    return before


def refuse_second_renewal(session: Session, before: Ticket) -> None:
    """Raise Duplicate when another ticket renews this one already."""
    following = queries.follower(session, before.id, OCCUPYING)
    if following is not None:
        sentence = f"{following.ref} renews {before.ref} already and is {following.state}: use that one."
        raise Duplicate(sentence, ref=following.ref)


def refuse_duplicate(session: Session, fingerprint: str) -> None:
    """Raise Duplicate when the same is pending or open."""
    same = queries.occupied(session, fingerprint, OCCUPYING)
    if same is not None:
        raise Duplicate(
            f"{same.ref} asks for the same and is {same.state}: use that one, or renew it with renews={same.ref}.",
            ref=same.ref,
        )
