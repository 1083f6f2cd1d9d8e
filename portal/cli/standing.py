"""The lines of a ticket's page that tell how long it waits, when pods restart, and what it owes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from portal.cli.output import instant, paint
from portal.cli.times import left_until
from portal.durations import in_words

Ticket = dict[str, Any]


def standing_lines(ticket: Ticket, now: datetime) -> Iterator[tuple[str, str]]:
    """Names and texts; an empty text is left out."""
    yield "break-glass", _glass(ticket)
    yield "waits", _waits(ticket, now)
    yield "lapses", instant(ticket["lapses_at"], "")
    yield "restarts", "; ".join(f"{instant(one['at'], 'once approved')}: {one['why']}" for one in ticket["restarts"])
    window = ticket["restart_window"]
    yield "only within", f"{', '.join(window['days'])} {window['from']}-{window['until']} UTC" if window else ""
    long = ticket["recertification"]
    yield "recertify", f"asked from {instant(long['asked_from'])}, ends {instant(long['ends_at'])}" if long else ""


def _waits(ticket: Ticket, now: datetime) -> str:
    waiting = ticket["waiting"]
    if waiting is None:
        return ""
    since = f"since {instant(waiting['since'])} ({in_words(-left_until(waiting['since'], now))})"
    return since + (f"; nudge from {instant(waiting['nudge_from'])}" if waiting["nudge_from"] else "")


def _glass(ticket: Ticket) -> str:
    if not ticket["break_glass"]:
        return ""
    review = ticket["review"]
    if review["by"] is None:
        return paint(f"BROKEN, to be reviewed by a {review['from'].replace('-', ' ')}", "red")
    verdict = "justified" if review["justified"] else paint("not justified", "red")
    return f"reviewed by {review['by']}: {verdict}, {review['note']}"
