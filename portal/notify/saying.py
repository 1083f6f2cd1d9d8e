"""Words of notices that depend on the ticket; `occasions.py` has the others."""

from __future__ import annotations

from portal.durations import words
from portal.kinds.registry import kind_named
from portal.notify.audience import Occasion
from portal.states import Outcome, State


def approved_next(occasion: Occasion) -> str:
    """What follows an approval."""
    ticket = occasion.ticket
    less = "Less was granted than was asked: see which. " if ticket.asked else ""
    if not kind_named(ticket.kind).has_cluster_change:
        return f"{less}An operator answers it."
    if ticket.starts_at is not None and ticket.starts_at > occasion.event.happened_at:
        return f"{less}It starts at {ticket.starts_at:%Y-%m-%d %H:%M} UTC."
    return f"{less}Workers carry it out now, and you are told when it is active."


def active_next(occasion: Occasion) -> str:
    """Until when the window is open."""
    end = occasion.ticket.expires_at
    if end is None:
        return "It has no end: release it once it is needed no longer."
    return f"It is taken back by itself at {end:%Y-%m-%d %H:%M} UTC. Release it earlier if you can."


def left(occasion: Occasion) -> str:
    """How long the window lasts still: `in 1 day`."""
    end = occasion.ticket.expires_at
    return "soon" if end is None else f"in {words(end - occasion.event.happened_at)}"


def over(occasion: Occasion) -> str:
    """How it ended."""
    ticket = occasion.ticket
    return f"is over ({ticket.outcome})" if ticket.state is State.CLOSED and ticket.outcome else "was withdrawn"


def over_next(occasion: Occasion) -> str:
    """What is left of it."""
    if occasion.ticket.outcome == Outcome.FULFILLED:
        return "It was answered: read what was done."
    if occasion.ticket.state is State.CLOSED:
        return "The cluster was read, and nothing of it is left there. Ask again if it is still needed."
    return "Nothing was changed. Read why, and ask again if it is still needed."
