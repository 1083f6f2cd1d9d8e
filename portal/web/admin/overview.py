"""The first page of Admin: what is late, what fails and why, queues and workers, clusters, what did not arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, g
from sqlalchemy.orm import Session

from portal.api.context import parts
from portal.api.health import OK, queue_state
from portal.db import database_now
from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.queries import notices, oversight
from portal.queries.oversight import ClusterState, Queue
from portal.states import State
from portal.web import sessions
from portal.web.admin.frame import admin_page, admit
from portal.web.blueprint import blueprint

MOST = 25
MOST_CLUSTERS = 200
SLOW = timedelta(minutes=1)
"""Messages that wait for longer than this wait for a worker that is away, or busy."""
Work = tuple[list[dict[str, Any]], bool]


@dataclass(frozen=True)
class Whole:
    """What the overview is about, as it was read."""

    late: Work
    failing: Work
    queues: Sequence[Queue]
    clusters: Sequence[ClusterState]
    backlog: notices.Backlog
    queue: str
    now: datetime

    @property
    def slow(self) -> list[Queue]:
        """Queues of which nobody takes anything."""
        return [one for one in self.queues if one.oldest is not None and one.oldest < self.now - SLOW]

    @property
    def unreachable(self) -> list[ClusterState]:
        """Clusters that could not be looked at the last time."""
        return [one for one in self.clusters if one.problem is not None and not one.gone]

    @property
    def tone(self) -> str:
        """Red only for what is past its end or could not be undone."""
        if self.late[0]:
            return "late"
        return "soon" if self.troubles else "well"

    @property
    def troubles(self) -> list[tuple[str, str]]:
        """What is not as it should be: the part of the page, and a few words; empty when all is well."""
        given_up = self.backlog.given_up
        found = (
            ("late", bool(self.late[0]), f"{_many(self.late)} open past the end, or could not be undone"),
            ("failing", bool(self.failing[0]), f"{_many(self.failing)} failing"),
            ("clusters", bool(self.unreachable), f"Not reached: {_few(one.cluster.name for one in self.unreachable)}"),
            ("queues", bool(self.slow), f"Nobody takes work from {_few(one.name for one in self.slow)}"),
            ("notices", given_up > 0, f"{given_up} notice{'' if given_up == 1 else 's'} did not arrive"),
            ("queues", self.queue != OK, self.queue),
        )
        return [(part, said) for part, there, said in found if there]


@blueprint.get("/admin")
def show_overview() -> Response:
    """Show whether all is well, and what is not."""
    if g.web_session is None:
        return sessions.sign_in_first()
    admit()
    queue = queue_state()
    with parts().database.reading() as session:
        whole = _read(session, queue, database_now(session))
    return admin_page("overview.html", whole=whole, now=whole.now, ok=OK)


def _read(session: Session, queue: str, now: datetime) -> Whole:
    return Whole(
        late=_work(oversight.late(session, now=now, limit=MOST), now),
        failing=_work(oversight.failing(session, now=now, limit=MOST), now),
        queues=oversight.queues(session, now=now),
        clusters=oversight.cluster_states(session, limit=MOST_CLUSTERS),
        backlog=notices.backlog(session, now=now),
        queue=queue,
        now=now,
    )


def _work(found: Sequence[Ticket], now: datetime) -> Work:
    return [_row(one, now) for one in found[:MOST]], len(found) > MOST


def _row(ticket: Ticket, now: datetime) -> dict[str, Any]:
    same = ("ref", "cluster", "namespace", "problem", "attempts", "next_attempt_at", "ended_at", "expires_at")
    past = ticket.state in (State.APPLYING, State.ACTIVE) and ticket.expires_at is not None and ticket.expires_at < now
    return {
        **{name: getattr(ticket, name) for name in same},
        "kind": kind_named(ticket.kind).title,
        "tenant": ticket.tenant.name,
        "state": ticket.state.value,
        "since": ticket.expires_at if past else ticket.ended_at or ticket.updated_at,
        "past": past,
        "retries": ticket.state is State.FAILED or (ticket.state is State.REVERTING and ticket.problem is not None),
    }


def _many(work: Work) -> str:
    rows, more = work
    if more:
        return f"More than {len(rows)} tickets are"
    return "1 ticket is" if len(rows) == 1 else f"{len(rows)} tickets are"


def _few(names: Any, most: int = 3) -> str:
    found = list(names)
    rest = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + rest
