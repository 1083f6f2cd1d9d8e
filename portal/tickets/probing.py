"""What a probe means for a ticket: it is kept, the ticket follows the rule that it now meets, and goes on by itself.

Workers attach what they found; the sweep minds probes that nobody ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal import outbox
from portal.access.actor import WORKER
from portal.kinds.base import View
from portal.mesh.probing.results import Finding, Line, Result, summary, weakest
from portal.models import Ticket
from portal.policy import NotRouted, Route
from portal.policy_store import policy_of
from portal.states import State
from portal.tickets.moving import attach, take_for_change, testify
from portal.tickets.probe_standing import awaits_probe
from portal.tickets.routing import digest_of, put_on, route_ticket
from portal.tickets.settling import settle

CALL_AGAIN = timedelta(minutes=3)
"""After so long without an end a probe is called for again: a worker may have died over it."""
GIVE_UP = timedelta(minutes=10)
"""After so long what waits for a probe goes on without."""
# What was decided meanwhile stands, and what the probe saw is kept beside it.
_KEPT = frozenset({State.PENDING, State.APPROVED, State.APPLYING, State.ACTIVE})
_UNTRIED = "No worker ended a probe within ten minutes: ask your platform operators whether one listens for it."


@dataclass(frozen=True)
class Probed:
    """What a worker's probe came to, line by line; the digest of the fields that it tried, and the targets' views."""

    lines: tuple[Line, ...]
    fields: str
    views: Sequence[View] = ()

    @property
    def result(self) -> Result:
        """The weakest of all lines."""
        return weakest(line.finding.result for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """As evidence keeps it."""
        told = {"result": self.result.value, "why": summary(self.lines)}
        return {"fields": self.fields, **told, "ports": [line.to_json() for line in self.lines]}


def attach_probe(session: Session, ticket_id: int, found: Probed, *, now: datetime) -> Ticket | None:
    """Keep what a probe found; a pending ticket follows it to the rule that it now meets, and may settle by it.

    What was decided meanwhile stays decided. Of a ticket that is over or asks for something else by now, None.
    """
    ticket = take_for_change(session, ticket_id, by=WORKER)
    if ticket.state not in _KEPT or digest_of(ticket.fields) != found.fields:
        return None
    attach(session, ticket, "probe", found.to_json(), now=now)
    if ticket.state is State.PENDING:
        ticket.updated_at = now
        _follow(session, ticket, found, now=now)
        settle(session, ticket, now=now)
    return ticket


def _follow(session: Session, ticket: Ticket, found: Probed, *, now: datetime) -> None:
    route = _route(session, ticket, found.views)
    if route is None or route.rule == ticket.rule:
        return
    told = {"from": ticket.rule, "to": route.rule, "why": f"By the TLS probe, {found.result}: {summary(found.lines)}"}
    put_on(session, ticket, route)
    testify(session, ticket, "ticket:rerouted", by=WORKER, now=now, **told)


def _route(session: Session, ticket: Ticket, views: Sequence[View]) -> Route | None:
    # Without having seen the targets nothing says how wide the hole is: the rule of the preflight stays.
    if not views:
        return None
    try:
        return route_ticket(session, ticket, views, policy_of(session, ticket.policy_hash)).route
    except NotRouted:
        return None


def mind_probe(session: Session, ticket_id: int, *, now: datetime) -> None:
    """Call again for a probe that nobody ended; after a while say that there is none, so that the ticket goes on."""
    ticket = take_for_change(session, ticket_id, by=WORKER)
    if ticket.preflight_at is None or not awaits_probe(session, ticket):
        return
    if ticket.preflight_at <= now - GIVE_UP:
        untried = Finding(Result.NOT_PROBED, _UNTRIED)
        names = [f"{link.target.kind}/{link.target.name}" for link in ticket.targets]
        lines = tuple(Line(name, "inbound and outbound", "", untried) for name in names)
        attach_probe(session, ticket_id, Probed(lines, digest_of(ticket.fields)), now=now)
    else:
        outbox.send_once(session, outbox.probe_call(ticket), now=now)
