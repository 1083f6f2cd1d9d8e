"""What happens next to a ticket and on whom it waits, in a sentence for the people who look at it. Pure."""

from __future__ import annotations

from datetime import datetime

from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.restart_window import RestartWindow
from portal.states import Adopts, Outcome, State
from portal.tickets.breaking_glass import words_of

ENDINGS = {
    State.REJECTED: "It was rejected; nothing was changed. Ask again with what the reason asks for.",
    State.WITHDRAWN: "It was withdrawn; nothing was changed.",
    State.LAPSED: "Nobody decided in time; nothing was changed. Ask again if it is still needed.",
}


def next_step(ticket: Ticket, waiting: list[str], *, pause: str | None = None) -> str:
    """One sentence: what happens next, and who has to do it.

    `waiting` names who may still decide, `pause` is why its cluster is paused (None: it is not).
    """
    if ticket.break_glass and ticket.state not in (State.PENDING, State.APPROVED):
        return f"{_by_state(ticket, waiting, pause)} {words_of(ticket)}"
    return _by_state(ticket, waiting, pause)


def _by_state(ticket: Ticket, waiting: list[str], pause: str | None) -> str:
    if not kind_named(ticket.kind).has_cluster_change:
        return _by_people(ticket, waiting)
    if ticket.state in ENDINGS:
        return ENDINGS[ticket.state]
    if ticket.state is State.PENDING:
        return _pending(ticket, waiting)
    if ticket.state is State.CLOSED:
        return _closed(ticket)
    return _approved(ticket, pause) if ticket.state is State.APPROVED else _carried_out(ticket)


def _closed(ticket: Ticket) -> str:
    if ticket.outcome == Outcome.FULFILLED:
        return f"Nothing was written: apply its manifests yourself (`meshdesk manifests {ticket.ref}`)."
    if ticket.outcome == Outcome.REPLACED:
        # The reason names the renewal, which has taken over what this one opened.
        return f"It is over (replaced): {ticket.end_reason} What it opened stays for as long as that ticket does."
    if ticket.outcome == Outcome.UNPROVEN:
        return "It is over (unproven): its cluster is gone for good, and nobody could read whether what it opened is."
    return f"It is over ({ticket.outcome}): the cluster was read and what it opened is gone."


def on_hold(ticket: Ticket, asker: str) -> str:
    """Who has to answer the question that holds a ticket, and how."""
    return (
        f"{ticket.ref} is on hold until {asker}'s question is answered by {ticket.requester.name} or another "
        f"member or owner of {ticket.tenant.name}: `meshdesk answer {ticket.ref} TEXT`."
    )


def _by_people(ticket: Ticket, waiting: list[str]) -> str:
    """What operators do about a ticket that no worker carries out; nothing was read or changed in a cluster."""
    if ticket.state is State.CLOSED and ticket.outcome == Outcome.FULFILLED:
        return f"{ticket.ended_by} fulfilled it: the answer says what was done."
    if ticket.state in (State.REJECTED, State.WITHDRAWN) and ticket.answer:
        return f"{ticket.ended_by} declined it: the answer says why, and with what to ask again."
    if ticket.state is State.WITHDRAWN:
        return f"{ticket.ended_by} took it back: the operators do nothing more for it."
    if ticket.state in ENDINGS:
        return ENDINGS[ticket.state]
    working = f"{ticket.taken_by} works on it and answers here." if ticket.taken_by else None
    if ticket.state is State.PENDING:
        return " ".join(filter(None, [f"It waits for {' and '.join(waiting)}.", working]))
    return working or "It is approved and waits for a platform operator to take it."


def _pending(ticket: Ticket, waiting: list[str]) -> str:
    if ticket.preflight_at is None:
        return "A worker looks at the cluster first; then it can be decided."
    if not ticket.preflight_clean:
        return "The preflight found what blocks the change: mend that and run the preflight again, or withdraw."
    if ticket.adopts == Adopts.CLOSE:
        return "It closes a hole in the encryption: nobody has to approve that, and it begins by itself."
    if ticket.automatic:
        return "The policy approves it by itself."
    return f"It waits for {' and '.join(waiting)}."


def _approved(ticket: Ticket, pause: str | None) -> str:
    if pause is not None:
        sentence = f"Cluster {ticket.cluster} is paused ({pause}): it is applied once a platform operator resumes that."
        return " ".join(filter(None, [sentence, ticket.problem]))
    if ticket.problem is not None:
        return ticket.problem
    if ticket.restart_window is not None and ticket.next_attempt_at is not None:
        window = RestartWindow.from_json(ticket.restart_window)
        return f"It is applied inside its restart window ({window}), from {_instant(ticket.next_attempt_at)}."
    if ticket.starts_at is not None:
        return f"It starts at {_instant(ticket.starts_at)}: a worker writes the change then."
    return "A worker takes over what is there now." if ticket.adopts else "A worker writes the change now."


def _carried_out(ticket: Ticket) -> str:
    match ticket.state:
        case State.APPLYING:
            return ticket.problem or "The change is being written; it is active when the cluster shows it in use."
        case State.ACTIVE:
            return " ".join(filter(None, [ticket.problem, _until(ticket, ticket.expires_at)]))
        case State.FAILED:
            return f"Nothing was written: {ticket.problem or 'it failed.'} Retry it once that is mended, or withdraw."
        case _:
            return ticket.problem or "The change is being taken back; it closes when the cluster shows nothing of it."


def _until(ticket: Ticket, end: datetime | None) -> str:
    if end is None:
        return "It has no end: it stands until somebody releases or revokes it."
    restart = "; the pods restart then" if kind_named(ticket.kind).restarts_pods else ""
    return f"It is taken back by itself at {_instant(end)}{restart}."


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
