"""Requests as the people of the world send them, and the worker's part of a ticket's way done by the real verbs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.db import Database, database_now
from portal.mesh.findings import Finding, Severity
from portal.mesh.fold import Want
from portal.models import Ticket, TicketTarget
from portal.states import Outcome
from portal.tickets import carrying_out, deciding, ending
from portal.tickets.moving import number_of, take_for_change
from tests import world

BLOCKING = Finding("rollout-blocked", Severity.BLOCKING, "deployment/frozen", "The rollout is paused.", "Resume it.")
LEASE = timedelta(seconds=15)
TICKETS = "/api/v1/tickets"


def said(answer: TestResponse) -> dict[str, Any]:
    """The JSON object of an answer."""
    found = answer.get_json()
    assert isinstance(found, dict), answer.text
    return found


@dataclass(frozen=True)
class Desk:
    """The API with a token at hand, and a worker that does what it is told."""

    client: FlaskClient
    database: Database

    def get(self, path: str, who: str | None = "member", **options: Any) -> TestResponse:
        """GET as somebody of the world; None: nobody is signed in."""
        return self.send("GET", path, who, **options)

    def post(self, path: str, body: Any = None, who: str | None = "member", **options: Any) -> TestResponse:
        """POST a JSON body as somebody of the world."""
        return self.send("POST", path, who, json=body or {}, **options)

    def send(self, method: str, path: str, who: str | None, **options: Any) -> TestResponse:
        """Send a request as somebody of the world."""
        headers = {**(world.bearer(who) if who else {}), **options.pop("headers", {})}
        address = path if path.startswith("/") else f"/api/v1/{path}"
        return self.client.open(address, method=method, headers=headers, **options)

    def submitted(self, who: str = "member", **changes: Any) -> dict[str, Any]:
        """A new ticket."""
        answer = self.post("tickets", world.ask(**changes), who)
        assert answer.status_code == 201, answer.text
        return said(answer)

    def generic(self, who: str = "member", **changes: Any) -> dict[str, Any]:
        """A new ticket that people carry out."""
        answer = self.post("tickets", world.generic(**changes), who)
        assert answer.status_code == 201, answer.text
        return said(answer)

    def events(self, ref: str) -> list[dict[str, Any]]:
        """Its story."""
        found: list[dict[str, Any]] = said(self.get(f"tickets/{ref}/events", "auditor"))["items"]
        return found

    def checked(self, *, clean: bool = True, **changes: Any) -> dict[str, Any]:
        """A new ticket whose preflight a worker has run."""
        ref = self.submitted(**changes)["ref"]
        findings = [] if clean else [BLOCKING.to_json()]
        with self.database.unit_of_work() as session:
            found = deciding.Preflight(clean=clean, data={"findings": findings}, route=None)
            deciding.attach_preflight(session, number_of(ref), found, now=database_now(session))
        return self.ticket(ref)

    def ticket(self, ref: str, who: str = "member") -> dict[str, Any]:
        """A ticket as somebody sees it."""
        return said(self.get(f"tickets/{ref}", who))

    def decide(self, ref: str, version: int, who: str = "partner", **words: Any) -> TestResponse:
        """Approve on a version, unless `words` say otherwise."""
        body = {"decision": "approve", "note": "seen", **words}
        return self.post(f"tickets/{ref}/decisions", body, who, headers={"If-Match": f'"{version}"'})

    def approved(self, **changes: Any) -> dict[str, Any]:
        """A ticket that the partner has approved."""
        ticket = self.checked(**changes)
        answer = self.decide(ticket["ref"], ticket["version"])
        assert answer.status_code == 200, answer.text
        return said(answer)

    def applying(self, **changes: Any) -> tuple[dict[str, Any], carrying_out.Claim]:
        """A ticket that a worker has claimed, nothing written yet."""
        ref = self.approved(**changes)["ref"]
        with self.database.unit_of_work() as session:
            taken = carrying_out.claim(session, number_of(ref), task="meshdesk.apply", lease=LEASE)
            assert taken is not None
        return self.ticket(ref), taken[1]

    def failed(self, **changes: Any) -> dict[str, Any]:
        """A ticket that the cluster refused before anything was written."""
        ticket, claim = self.applying(**changes)
        with self.database.unit_of_work() as session:
            why = ending.Ending(Outcome.FAILED, "An admission policy refused the change.")
            carrying_out.refuse(session, claim, why)
        return self.ticket(ticket["ref"])

    def active(self, **changes: Any) -> dict[str, Any]:
        """A ticket whose window is open."""
        ticket, claim = self.applying(**changes)
        with self.database.unit_of_work() as session:
            carrying_out.begin_writing(session, claim, before={"pods": []})
            carrying_out.settle_active(session, claim, evidence={"progress": {}})
        return self.ticket(ticket["ref"])

    def drifted(self) -> dict[str, Any]:
        """A ticket with an open window of which somebody removed an entry."""
        ref = self.active()["ref"]
        with self.database.unit_of_work() as session:
            ticket = take_for_change(session, number_of(ref), by=world.actor(session, "member"))
            link = session.get_one(TicketTarget, (ticket.id, ticket.targets[0].target_id))
            link.suspended = Want.from_json(link.wanted).to_json()
        return self.ticket(ref)

    def broken(self) -> dict[str, Any]:
        """A ticket whose requester broke the glass."""
        ref = self.checked()["ref"]
        assert self.post(f"tickets/{ref}/break-glass", {"reason": "payments are down"}).status_code == 200
        return self.ticket(ref)

    def long_open(self) -> dict[str, Any]:
        """A ticket whose deciders are asked whether its window may stay open."""
        ref = self.active()["ref"]
        with self.database.unit_of_work() as session:
            session.get_one(Ticket, number_of(ref)).recertify_at = database_now(session) + timedelta(days=7)
        return self.ticket(ref)

    def expire(self, ref: str) -> None:
        """End a window as the clock does."""
        with self.database.unit_of_work() as session:
            by, now = world.actor(session, "operator"), database_now(session)
            why = ending.Ending(Outcome.EXPIRED, "The window is over.")
            ending.end(session, number_of(ref), why, by=by, now=now)
