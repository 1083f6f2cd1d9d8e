"""What helps to decide: what was asked before, and a tenant's own reasons to reject."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal import queries
from portal.access.actor import WORKER
from portal.errors import Forbidden, Invalid, NotFound
from portal.models import Ticket
from portal.queries import Before
from portal.states import State
from portal.tickets import deciding, templates
from portal.tickets.asking import Ask
from tests import world
from tests.tickets.test_deciding import ready, withdraw
from tests.workers.desk import Desk

BOTH = "deployment/emoji deployment/voting"


def before(desk: Desk, number: int) -> tuple[list[int], Before]:
    with desk.database.reading() as session:
        ticket = queries.ticket(session, number, by=WORKER)
        found = [one.id for one in queries.history(session, ticket)]
        return found, queries.history_count(session, ticket)


def keep(desk: Desk, who: str, text: str = "Use opaque ports instead.", *, name: str = "opaque") -> None:
    with desk.acting(who) as (session, actor):
        templates.keep(session, ("emojis", name), text=text, by=actor, now=datetime.now(UTC))


def reject(desk: Desk, number: int, template: str | None, note: str = "") -> None:
    with desk.acting("partner") as (session, actor):
        version = session.get_one(Ticket, number).version
        verdict: Any = deciding.Verdict("reject", note, version, template=template)
        deciding.decide(session, number, verdict, by=actor, now=datetime.now(UTC))


def test_the_same_and_what_overlaps_was_before(desk: Desk) -> None:
    first = desk.active("7001")
    desk.close(first)
    second = ready(desk, inbound="7002", workload=BOTH)
    desk.decide(second, "partner", "reject")
    third = ready(desk, inbound="7003")
    withdraw(desk, third)
    ready(desk, inbound="7001", workload="deployment/web")
    number = desk.ask("7001")
    found, count = before(desk, number)
    assert found == [third, second, first]
    assert count == Before(3, 1, 1)
    assert before(desk, first)[0] == []


def test_other_kinds_are_no_history(desk: Desk) -> None:
    fields = {"workloads": ["deployment/emoji"]}
    desk.submit(Ask("debug-sidecar", "practice", "emojivoto", "a test", timedelta(hours=1), fields))
    assert before(desk, desk.ask("7001")) == ([], Before(0, 0, 0))


def test_generic_tickets_are_alike_by_their_content_alone(desk: Desk) -> None:
    fields = world.generic()["fields"]
    first = desk.submit(Ask("generic", None, None, "the yearly audit", None, fields))
    withdraw(desk, first)
    desk.submit(Ask("generic", None, None, "more", None, {**fields, "title": "Something else"}))
    second = desk.submit(Ask("generic", None, None, "again", None, fields))
    assert before(desk, second)[0] == [first]


def test_a_template_is_the_reason_with_the_note_after_it(desk: Desk) -> None:
    keep(desk, "partner")
    number = ready(desk)
    reject(desk, number, "opaque", "See the page of the vendor.")
    assert desk.state(number) is State.REJECTED
    reason = "Use opaque ports instead.\n\nSee the page of the vendor."
    assert (desk.ticket(number).end_reason, desk.ticket(number).decisions[0].note) == (reason, reason)
    keep(desk, "owner", "Not in production.")
    other = ready(desk, inbound="7002")
    reject(desk, other, "opaque")
    assert desk.ticket(other).end_reason == "Not in production."
    # What was said stays said.
    assert desk.ticket(number).end_reason == reason


def test_an_unknown_template_rejects_nothing(desk: Desk) -> None:
    number = ready(desk)
    with pytest.raises(Invalid, match="emojis has no template 'opaque'") as refused:
        reject(desk, number, "opaque")
    assert list(refused.value.errors) == ["template"]
    assert desk.state(number) is State.PENDING


@pytest.mark.parametrize(
    ("who", "error"), [("member", Forbidden), ("operator", Forbidden), ("auditor", Forbidden), ("outsider", NotFound)]
)
def test_owners_and_partners_keep_templates(desk: Desk, who: str, error: type[Exception]) -> None:
    keep(desk, "owner")
    with pytest.raises(error):
        keep(desk, who)
    with pytest.raises(error), desk.acting(who) as (session, actor):
        templates.remove(session, ("emojis", "opaque"), by=actor, now=datetime.now(UTC))
    with desk.acting("partner") as (session, actor):
        assert [one.name for one in templates.all_of(session, "emojis", by=actor)] == ["opaque"]
        templates.remove(session, ("emojis", "opaque"), by=actor, now=datetime.now(UTC))
        assert templates.all_of(session, "emojis", by=actor) == []
