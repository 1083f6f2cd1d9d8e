"""What happens next to a ticket and on whom it waits, in a sentence for the people who look at it. Pure."""

from __future__ import annotations

from datetime import datetime

from portal.models import Ticket
from portal.states import State

ENDINGS = {
    State.REJECTED: "It was rejected; nothing was changed. Ask again with what the reason asks for.",
    State.WITHDRAWN: "It was withdrawn; nothing was changed.",
    State.LAPSED: "Nobody decided in time; nothing was changed. Ask again if it is still needed.",
}


def next_step(ticket: Ticket, waiting: list[str]) -> str:
    """One sentence: what happens next, and who has to do it. `waiting` names who may still decide."""
    if ticket.state in ENDINGS:
        return ENDINGS[ticket.state]
    if ticket.state is State.PENDING:
        return _pending(ticket, waiting)
    if ticket.state is State.CLOSED:
        return f"It is over ({ticket.outcome}): the cluster was read and what it opened is gone."
    return _carried_out(ticket)


def _pending(ticket: Ticket, waiting: list[str]) -> str:
    if ticket.preflight_at is None:
        return "A worker looks at the workloads first; then it can be decided."
    if not ticket.preflight_clean:
        return "The preflight found what blocks the change: mend that and run the preflight again, or withdraw."
    if ticket.automatic:
        return "The policy approves it by itself."
    return f"It waits for {' and '.join(waiting)}."


def _carried_out(ticket: Ticket) -> str:
    match ticket.state:
        case State.APPROVED:
            return ticket.problem or "A worker writes the change now."
        case State.APPLYING:
            return ticket.problem or "The change is being written; the window opens when the rollout is seen."
        case State.ACTIVE:
            written_back = f"It is written back by itself at {_instant(ticket.expires_at)}; the pods restart then."
            return " ".join(filter(None, [ticket.problem, written_back]))
        case State.FAILED:
            return f"Nothing was written: {ticket.problem or 'it failed.'} Retry it once that is mended, or withdraw."
        case _:
            return ticket.problem or "The change is being taken back; it closes when the pods that run show it."


def _instant(at: datetime | None) -> str:
    return "no set time" if at is None else at.strftime("%Y-%m-%d %H:%M:%S UTC")
