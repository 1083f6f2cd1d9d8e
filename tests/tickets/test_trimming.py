"""Granting less: targets, wants, fingerprint and route follow, and nothing becomes laxer by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.errors import Duplicate, Invalid, NotReady
from portal.mesh.annotations import DEBUG_SIDECAR, SKIP_INBOUND
from portal.mesh.want import Want
from portal.models import Event, Ticket
from portal.states import State
from portal.tickets import deciding
from portal.tickets.asking import Ask
from portal.tickets.deciding import Preflight
from portal.tickets.trimming import Grant
from tests.tickets.test_deciding import ready
from tests.workers.desk import Desk

NOTE = "the rest is not needed"
HOUR = timedelta(hours=1)
BOTH = "deployment/emoji deployment/voting"


def grant(
    desk: Desk, number: int, who: str = "partner", *, note: str = NOTE, lasts: timedelta | None = None, **fields: Any
) -> None:
    """Approve a part of the ticket as it is now."""
    with desk.acting(who) as (session, actor):
        version = session.get_one(Ticket, number).version
        part = Grant(note=note, duration=lasts, fields=fields)
        verdict = deciding.Verdict("approve", note, version, grant=part)
        deciding.decide(session, number, verdict, by=actor, now=datetime.now(UTC))


def payload(desk: Desk, number: int, type_: str) -> dict[str, Any]:
    with desk.database.reading() as session:
        query = select(Event).where(Event.chain == f"MD-{number}", Event.type == type_)
        return session.scalars(query).one().payload or {}


def test_what_is_granted_is_what_is_written(desk: Desk) -> None:
    number = ready(desk, inbound="7001-7010", workload=BOTH)
    grant(desk, number, workloads=["deployment/emoji"], inbound="7003")
    ticket = desk.ticket(number)
    assert ticket.state is State.APPROVED
    assert ticket.fields["inbound"] == "7003"
    assert [link.target.name for link in ticket.targets] == ["emoji"]
    assert [link.wanted["skip_inbound"] for link in ticket.targets] == ["7003"]
    assert ticket.asked == {
        "fields": {**ticket.fields, "workloads": BOTH.split(), "inbound": "7001-7010"},
        "duration_seconds": 1800,
        "targets": BOTH.split(),
    }
    desk.apply(number)
    assert desk.state(number) is State.ACTIVE
    assert desk.annotations()[SKIP_INBOUND].split(",")[-1] == "7003"


def test_who_trimmed_and_what_it_was_before_is_told(desk: Desk) -> None:
    number = ready(desk, inbound="7001-7010", duration=4 * HOUR)
    grant(desk, number, lasts=HOUR, inbound="7001")
    changes = {
        "before": {"inbound": "7001-7010", "duration": "PT4H"},
        "after": {"inbound": "7001", "duration": "PT1H"},
    }
    assert payload(desk, number, "ticket:trimmed") == {"note": NOTE, **changes}
    assert desk.ticket(number).decisions[0].trimmed == changes
    assert desk.ticket(number).duration == HOUR


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"inbound": "7001-7011"}, "grant.fields.inbound"),
        ({"inbound": ""}, "grant.fields.inbound"),
        ({"inbound": "http"}, "grant.fields.inbound"),
        ({"outbound": "443"}, "grant.fields.outbound"),
        ({"workloads": ["deployment/web"]}, "grant.fields.workloads"),
        ({"workloads": []}, "grant.fields.workloads"),
        ({"mode": "disable-injection"}, "grant.fields.mode"),
        ({"colour": "blue"}, "grant.fields.colour"),
        ({"lasts": 5 * HOUR}, "grant.duration"),
        ({"inbound": "7001-7010", "lasts": 4 * HOUR}, "grant"),
        ({"lasts": HOUR / 120}, "grant.duration"),
        ({}, "grant"),
        ({"inbound": "7001", "note": ""}, "note"),
    ],
)
def test_what_is_not_less_is_refused_with_the_field(desk: Desk, given: dict[str, Any], field: str) -> None:
    number = ready(desk, inbound="7001-7010", duration=4 * HOUR)
    with pytest.raises(Invalid) as refused:
        grant(desk, number, **given)
    assert list(refused.value.errors) == [field]
    assert (desk.state(number), desk.ticket(number).asked) == (State.PENDING, None)


def test_trimming_leaves_the_approvals_that_were_needed(desk: Desk) -> None:
    number = ready(desk, inbound="8080,8801")
    before = desk.ticket(number)
    assert [one["from"] for one in before.approvals] == ["tenant-owner", "security-partner"]
    grant(desk, number, inbound="8801")
    ticket = desk.ticket(number)
    assert (before.rule, ticket.rule) == ("no-proxy-encrypted-production", "skip-ports-encrypted")
    assert [one["from"] for one in ticket.approvals] == ["tenant-owner", "security-partner"]
    desk.preflight(number)
    assert [one["from"] for one in desk.ticket(number).approvals] == ["tenant-owner", "security-partner"]
    assert desk.state(number) is State.PENDING
    desk.decide(number, "owner")
    assert desk.state(number) is State.APPROVED


def test_a_trimmed_ticket_never_becomes_automatic(desk: Desk) -> None:
    number = ready(desk, ("security-partner", 2), inbound="8080,8801", cluster="playground", duration=2 * HOUR)
    assert not desk.ticket(number).automatic
    grant(desk, number, inbound="8801")
    assert desk.ticket(number).rule == "skip-ports-encrypted-sandbox"
    assert (desk.state(number), desk.ticket(number).automatic) == (State.PENDING, False)
    desk.preflight(number)
    assert (desk.state(number), desk.ticket(number).automatic) == (State.PENDING, False)


def test_several_approvers_trim_one_after_the_other(desk: Desk) -> None:
    number = ready(desk, ("security-partner", 2), inbound="7001-7010", duration=4 * HOUR)
    grant(desk, number, inbound="7001-7005")
    assert desk.state(number) is State.PENDING
    with pytest.raises(Invalid, match="7010 was not asked"):
        grant(desk, number, "partner2", inbound="7001,7010")
    grant(desk, number, "partner2", inbound="7001", lasts=HOUR)
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.fields["inbound"]) == (State.APPROVED, "7001")
    assert ticket.asked is not None
    assert (ticket.asked["fields"]["inbound"], ticket.asked["duration_seconds"]) == ("7001-7010", 4 * 3600)
    assert [one.trimmed["before"]["inbound"] for one in ticket.decisions if one.trimmed] == ["7001-7010", "7001-7005"]


def test_a_look_at_what_was_asked_does_not_come_back_after_the_trim(desk: Desk) -> None:
    number = ready(desk, ("security-partner", 2), inbound="7001-7010")
    asked = desk.ticket(number)
    stale = Preflight(True, {"findings": []}, None, fields=asked.fields)
    grant(desk, number, inbound="7001")
    with desk.database.unit_of_work() as session:
        assert deciding.attach_preflight(session, number, stale, now=datetime.now(UTC)) is None
    assert desk.ticket(number).targets[0].wanted["skip_inbound"] == "7001"
    assert desk.deliver("meshdesk.preflight") >= 1
    assert desk.ticket(number).targets[0].wanted["skip_inbound"] == "7001"


def test_what_is_left_must_not_be_another_s_already(desk: Desk) -> None:
    other = desk.ask("7001")
    number = ready(desk, inbound="7001-7010")
    with pytest.raises(Duplicate, match=f"MD-{other} asks for the same"):
        grant(desk, number, inbound="7001")
    grant(desk, number, inbound="7002")
    with pytest.raises(Duplicate):
        desk.ask("7002")
    assert desk.ask("7001-7010") > number


def test_a_trimmed_window_is_renewed_as_it_was_granted(desk: Desk) -> None:
    number = ready(desk, inbound="7001-7010")
    grant(desk, number, inbound="7001")
    desk.apply(number)
    with pytest.raises(Invalid, match="not an open window of the same content"):
        desk.ask("7001-7010", renews=f"MD-{number}")
    assert desk.ask("7001", renews=f"MD-{number}") > number


def test_a_renewal_may_be_trimmed_and_replaces_the_whole(desk: Desk) -> None:
    first = desk.active("7001-7010")
    second = ready(desk, inbound="7001-7010", renews=f"MD-{first}")
    grant(desk, second, inbound="7001")
    desk.apply(second)
    desk.undo(first)
    assert (desk.state(first), desk.state(second)) == (State.CLOSED, State.ACTIVE)
    assert desk.annotations()[SKIP_INBOUND].split(",")[-1] == "7001"


def test_other_kinds_lose_targets_as_well(desk: Desk) -> None:
    ask = Ask("debug-sidecar", "practice", "emojivoto", "resets", HOUR, {"workloads": BOTH.split()})
    number = desk.submit(ask)
    desk.preflight(number)
    grant(desk, number, workloads=["deployment/voting"])
    ticket = desk.ticket(number)
    assert (ticket.state, [link.target.name for link in ticket.targets]) == (State.APPROVED, ["voting"])
    assert Want.from_json(ticket.targets[0].wanted) == Want.of_setting(DEBUG_SIDECAR)
    desk.apply(number)
    assert desk.state(number) is State.ACTIVE
    assert DEBUG_SIDECAR not in desk.annotations()


def test_nothing_is_granted_in_part_over_a_blocking_finding(desk: Desk) -> None:
    number = desk.ask("7001-7010")
    desk.practice.set("refuse", {"deployment/emojivoto/emoji": "not on Fridays"})
    desk.preflight(number)
    with pytest.raises(NotReady):
        grant(desk, number, inbound="7001")
    assert desk.ticket(number).asked is None


def test_conditions_stand_on_the_ticket(desk: Desk) -> None:
    number = ready(desk, ("security-partner", 2))
    for who, condition in (("partner", "only from the vendor's network"), ("partner2", "logs are kept")):
        with desk.acting(who) as (session, actor):
            version = session.get_one(Ticket, number).version
            verdict = deciding.Verdict("approve", "", version, conditions=(condition,))
            deciding.decide(session, number, verdict, by=actor, now=datetime.now(UTC))
    found = [(one["by"], one["text"]) for one in desk.ticket(number).conditions]
    assert found == [("partner", "only from the vendor's network"), ("partner2", "logs are kept")]
    desk.apply(number)
    desk.close(number)
    assert len(desk.ticket(number).conditions) == 2
