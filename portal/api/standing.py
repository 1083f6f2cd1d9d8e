"""What a ticket waits for, when its pods restart, and what it owes afterwards: schemas and the dicts that fill them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from portal.api.schema_base import Instant, Output
from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.queries.tickets import RECERTIFY_WITHIN
from portal.states import TERMINAL, Adopts, State
from portal.tickets.awaiting import NUDGE_EVERY, decidable


class WaitingSchema(Output):
    """How long a pending ticket waits, and when something happens by itself."""

    since = Instant(metadata={"description": "Of the last word of a person on it."})
    reminded_at = Instant(allow_none=True, metadata={"description": "When those who decide are next reminded."})
    nudge_from = Instant(allow_none=True, metadata={"description": "From when on they may be nudged; null: no."})


class RestartsSchema(Output):
    """When pods of the tenant restart."""

    at = Instant(allow_none=True, metadata={"description": "null: once it is approved."})
    why = fields.String()


class ReviewStandingSchema(Output):
    """The review that a break-glass leaves to answer."""

    from_ = fields.String(data_key="from")
    due_at = Instant(allow_none=True)
    by = fields.String(allow_none=True)
    at = Instant(allow_none=True)
    justified = fields.Boolean(allow_none=True)
    note = fields.String(allow_none=True)


class RecertificationSchema(Output):
    """When a long window is put before its deciders, and when silence ends it."""

    asked_from = Instant()
    ends_at = Instant()


class StandingSchema(Output):
    """The part of a ticket's picture that tells of waiting and owing."""

    waiting = fields.Nested(WaitingSchema, allow_none=True)
    lapses_at = Instant(allow_none=True, metadata={"description": "When it is over if nobody says a word."})
    restart_window = fields.Raw(allow_none=True)
    restarts = fields.List(fields.Nested(RestartsSchema))
    break_glass = fields.Boolean()
    review = fields.Nested(ReviewStandingSchema, allow_none=True)
    recertification = fields.Nested(RecertificationSchema, allow_none=True)


def standing_view(ticket: Ticket) -> dict[str, Any]:
    """What StandingSchema shows."""
    return {
        "waiting": _waiting(ticket),
        "lapses_at": None if ticket.state in TERMINAL | {State.ACTIVE, State.REVERTING} else ticket.lapses_at,
        "restart_window": ticket.restart_window,
        "restarts": _restarts(ticket),
        "break_glass": ticket.break_glass,
        "review": _review(ticket),
        "recertification": _recertification(ticket),
    }


def _waiting(ticket: Ticket) -> dict[str, Any] | None:
    if ticket.state is not State.PENDING:
        return None
    since = max([ticket.created_at, *(decision.decided_at for decision in ticket.decisions)])
    again = since if ticket.nudged_at is None else ticket.nudged_at + NUDGE_EVERY
    return {"since": since, "reminded_at": ticket.call_deciders_at, "nudge_from": again if decidable(ticket) else None}


def _restarts(ticket: Ticket) -> list[dict[str, Any]]:
    if not kind_named(ticket.kind).restarts_pods or ticket.state in TERMINAL:
        return []
    # What is there already is taken over as it is.
    ahead = ticket.state in (State.PENDING, State.APPROVED, State.FAILED) and ticket.adopts != Adopts.KEEP
    begins = [{"at": ticket.next_attempt_at or ticket.starts_at, "why": "the change is applied"}] if ahead else []
    ends = ticket.expires_at is not None and ticket.state in (State.APPLYING, State.ACTIVE)
    return begins + ([{"at": ticket.expires_at, "why": "the change is taken back"}] if ends else [])


def _review(ticket: Ticket) -> dict[str, Any] | None:
    if not ticket.break_glass:
        return None
    said = ticket.review or {}
    return {
        "from_": ticket.review_from,
        "due_at": ticket.review_due_at,
        "by": ticket.reviewed_by,
        "at": ticket.reviewed_at,
        "justified": said.get("justified"),
        "note": said.get("note"),
    }


def _recertification(ticket: Ticket) -> dict[str, Any] | None:
    if ticket.recertify_at is None or ticket.state is not State.ACTIVE:
        return None
    return {"asked_from": ticket.recertify_at - RECERTIFY_WITHIN, "ends_at": ticket.recertify_at}
