"""Which occasions an event is: the conditions of the table in occasions.py."""

from __future__ import annotations

from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.notify.audience import Occasion
from portal.states import Adopts, Outcome, State


def undecided(ticket: Ticket) -> bool:
    """Whether people have to decide on it, and can: what blocks it was looked for."""
    looked_at = bool(ticket.preflight_clean) or not kind_named(ticket.kind).has_cluster_change
    return ticket.state is State.PENDING and not ticket.automatic and looked_at


def can_be_decided(occasion: Occasion) -> bool:
    """Whether somebody has to decide on it now."""
    return undecided(occasion.ticket) and occasion.ticket.question_id is None


def is_blocked(occasion: Occasion) -> bool:
    """Whether its preflight found what blocks it."""
    ticket = occasion.ticket
    return ticket.state is State.PENDING and ticket.preflight_clean is False


def was_pending(occasion: Occasion) -> bool:
    """Whether the event took it out of waiting for a decision."""
    return occasion.payload.get("from") == State.PENDING


def by_policy(occasion: Occasion) -> bool:
    """Whether the policy approved it by itself, and nothing else tells that."""
    # Of a broken glass, or of a hole that is being closed, they are told as of that.
    told_already = occasion.ticket.break_glass or occasion.ticket.adopts == Adopts.CLOSE
    return was_pending(occasion) and occasion.ticket.automatic and not told_already


def failed_writing(occasion: Occasion) -> bool:
    """Whether it ended because writing it failed."""
    return occasion.ticket.outcome == Outcome.FAILED


def stays_open(occasion: Occasion) -> bool:
    """Whether it is more than the closing of a hole."""
    return occasion.ticket.adopts != Adopts.CLOSE


def this_hour(occasion: Occasion) -> str:
    """The stall of this phase in this hour."""
    # A container that starts and ends in turns would be told each time.
    ticket, at = occasion.ticket, occasion.event.happened_at
    return f"{occasion.event.chain}:stalled:{ticket.state}:{at:%Y-%m-%dT%H}"
