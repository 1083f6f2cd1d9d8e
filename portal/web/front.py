"""What the first page tells: the one line that says whether all is well, and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.listing import page
from portal.api.views import ticket_views
from portal.models import Ticket
from portal.queries import TicketFilter, encryption, posture, windows
from portal.queries.certificates import Seen, seen
from portal.queries.encryption import Tally, together
from portal.queries.windows import Wanted
from portal.states import State
from portal.tickets import due
from portal.web.freshness import Freshness, freshness
from portal.web.looks import Look, look

MOST = 5
MOST_PLACES = 8
MOST_WAITING = 20
"""Whoever has more waiting than that is told no number."""
MOST_LINES = 500

Row = tuple[dict[str, Any], Look]


@dataclass(frozen=True)
class Front:
    """The first page of somebody at a time: a handful of each list, and how many there are.

    `certificates` are of the clusters where one needs operators, for them alone.
    `places` has a tally for each namespace, or for each cluster where somebody sees everything; `unexplained` counts
    workloads that are not encrypted in whole and have no ticket (None: not counted), `holes` those of which posture
    found the same by their running pods (None: it was never read).
    """

    now: datetime
    waiting: Sequence[Row]
    waiting_count: int | str
    pending: Sequence[Row]
    mine: Sequence[Row]
    open: Sequence[Row]
    open_count: int
    late: Sequence[Row]
    late_count: int
    places: Sequence[Tally]
    unexplained: int | None
    holes: int | None = None
    views: Mapping[str, Freshness] = field(default_factory=dict)
    certificates: Sequence[Seen] = ()

    @cached_property
    def total(self) -> Tally:
        """All places together."""
        return together(self.places)

    @property
    def away(self) -> list[Freshness]:
        """The clusters of which nobody can say how they are now."""
        return [one for one in self.views.values() if not one.good]

    @property
    def well(self) -> bool:
        """True where every pod is encrypted as far as can be seen, and that is not long ago."""
        encrypted = self.total.total and self.total.encrypted == self.total.total
        return bool(encrypted) and not self.late_count and not self.away and not self.holes

    @property
    def idle(self) -> bool:
        """True where nothing is asked of anybody."""
        return not (self.waiting or self.pending or self.open_count or self.late_count)


def front(session: Session, by: Actor, now: datetime) -> Front:
    """The first page of the actor, in a few selects however much there is."""
    wanted = Wanted(by, now)
    due_now, more = due.waiting(session, TicketFilter(), by=by, now=now, limit=MOST_WAITING)
    lists = {
        "waiting": [item.ticket for item in due_now[:MOST]],
        "pending": _page(session, by, TicketFilter(mine=True, states=(State.PENDING,))),
        "mine": _page(session, by, TicketFilter(mine=True)),
        "open": windows.windows(session, wanted, after=None, limit=MOST),
        "late": windows.late(session, wanted, limit=MOST),
    }
    open_count, late_count = windows.count(session, wanted)
    places = encryption.tallies(session, encryption.Scope(), by=by)
    holes = posture.open_workloads(session, by=by)
    return Front(
        now=now,
        waiting_count=f"more than {len(due_now)}" if more else len(due_now),
        open_count=open_count,
        late_count=late_count,
        places=_by_cluster(places) if by.sees_everything else places,
        unexplained=None if by.sees_everything or holes is not None else _unexplained(session, by),
        holes=holes,
        views=freshness(session, {one.cluster for one in places}, now),
        certificates=_ending(session, now) if by.is_operator else (),
        **_rows(session, lists, now),
    )


def _page(session: Session, by: Actor, wanted: TicketFilter) -> list[Ticket]:
    return page(session, wanted, by=by, before=None, limit=MOST)[0]


def _rows(session: Session, lists: Mapping[str, Sequence[Ticket]], now: datetime) -> dict[str, Any]:
    """The lists as rows; a ticket that is in several is pictured once."""
    every = {ticket.id: ticket for tickets in lists.values() for ticket in tickets}
    views = {view["ref"]: view for view in ticket_views(session, list(every.values()))}
    return {name: [(views[one.ref], look(views[one.ref], now)) for one in tickets] for name, tickets in lists.items()}


def _by_cluster(places: Sequence[Tally]) -> list[Tally]:
    return [together(ones, cluster) for cluster, ones in groupby(places, key=lambda one: one.cluster)]


def _ending(session: Session, now: datetime) -> list[Seen]:
    """The clusters of the registry of which a certificate ends soon, or has ended."""
    found = seen(session, [one.name for one in queries.clusters(session)])
    return [one for one in found.values() if one.near(now)]


def _unexplained(session: Session, by: Actor) -> int:
    found = encryption.open_lines(session, encryption.Scope(), by=by, limit=MOST_LINES)
    return sum(1 for one in found if one.unexplained is not None)
