"""When an approved ticket may begin: not before its time, and where it restarts pods only inside its restart window."""

from __future__ import annotations

from datetime import datetime

from portal.models import Ticket
from portal.restart_window import RestartWindow


def begins_at(ticket: Ticket, now: datetime) -> datetime:
    """The first instant from now on at which the ticket may begin; `now` where it may at once."""
    earliest = max(now, ticket.starts_at or now)
    if ticket.restart_window is None:
        return earliest
    return RestartWindow.from_json(ticket.restart_window).opening(earliest)
