"""Whom each event of a ticket tells: the right people, once, nobody of what they did, nobody of another tenant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.access.actor import CLOCK, POLICY, WORKER, Actor
from portal.models import Delivery, Membership, Message, Notice, Person, Role, Tenant, Ticket
from portal.notify.occasions import TOLD
from portal.notify.sorts import PERSONAL, URGENT, Sort
from portal.policy import default_policy
from portal.queries.metrics import PROMISED
from portal.queries.notices import told as told_of
from portal.tickets import awaiting, delegating, ending, moving, questions, talking
from portal.tickets.ask import Ask
from tests import world
from tests.workers.desk import EMOJI, Desk
from workers.sweep import sweep

RULE_THAT_TELLS = next(rule.name for rule in default_policy().rules if rule.route.tell == ("security-partner",))
Told = list[tuple[str, set[str]]]


def told(desk: Desk, number: int, sort: Sort | None = None) -> Told:
    """What was told of a ticket, in order: the sort, and the recipients."""
    with desk.database.reading() as session:
        found = [(notice.sort, {one.recipient for one in sent}) for notice, sent in told_of(session, number)]
    return [one for one in found if sort is None or one[0] == sort]


def tell(desk: Desk, number: int, type_: str, by: str | Actor = CLOCK, **payload: Any) -> None:
    """Testify as a verb does."""
    with desk.database.unit_of_work() as session:
        actor = by if isinstance(by, Actor) else world.actor(session, by)
        ticket = moving.take_for_change(session, number, by=WORKER)
        moving.testify(session, ticket, type_, by=actor, now=datetime.now(UTC), **payload)


def change(desk: Desk, number: int, **values: Any) -> None:
    with desk.database.unit_of_work() as session:
        ticket = session.get_one(Ticket, number)
        for name, value in values.items():
            setattr(ticket, name, value)


def person(desk: Desk, name: str, **values: Any) -> None:
    with desk.database.unit_of_work() as session:
        found = session.scalars(select(Person).where(Person.name == name)).one()
        for key, value in values.items():
            setattr(found, key, value)


def channels(desk: Desk, *names: str) -> None:
    with desk.database.unit_of_work() as session:
        session.scalars(select(Tenant).where(Tenant.name == "emojis")).one().channels = list(names)


def generic(desk: Desk) -> int:
    fields = {"title": "A console", "text": "Read-only."}
    return desk.submit(Ask("generic", None, None, "the yearly audit", None, fields))


def test_it_waits_for_people_once_a_clean_preflight_is_there(desk: Desk) -> None:
    number = desk.ask("7001")
    assert told(desk, number) == []
    desk.preflight(number)
    assert told(desk, number) == [(Sort.WAITING, {"partner", "partner2"})]
    desk.preflight(number)
    assert len(told(desk, number)) == 1


def test_what_changes_no_cluster_waits_at_once_also_in_the_operators_channel(desk: Desk) -> None:
    assert told(desk, generic(desk)) == [(Sort.WAITING, {"operator", "operator2", "operators"})]


def test_a_preflight_that_blocks_waits_for_who_asked(desk: Desk) -> None:
    number = desk.ask("7001")
    desk.practice.apply_as("kubectl", EMOJI, {"spec": {"paused": True}})
    desk.preflight(number)
    desk.preflight(number)
    assert told(desk, number) == [(Sort.WAITING, {"member"})]


def test_a_partner_who_asks_is_not_told_to_decide(desk: Desk) -> None:
    number = desk.ask("7001", who="partner")
    desk.preflight(number)
    assert told(desk, number) == [(Sort.WAITING, {"partner2"})]


def test_the_way_of_a_ticket(desk: Desk) -> None:
    number = desk.active("7001")
    desk.close(number)
    assert told(desk, number)[1:] == [
        (Sort.DECIDED, {"member"}),
        (Sort.ACTIVE, {"member"}),
        (Sort.ENDED, {"member"}),
    ]


def test_nobody_is_told_of_what_they_did_themselves(desk: Desk) -> None:
    number = desk.ask("7001")
    with desk.acting("member") as (session, member):
        ending.withdraw(session, number, reason="not needed", by=member, now=datetime.now(UTC))
    assert told(desk, number) == []


def test_a_rejection_and_a_withdrawal_by_others_are_told(desk: Desk) -> None:
    rejected, withdrawn = desk.ask("7001"), desk.ask("7002")
    desk.preflight(rejected)
    desk.decide(rejected, "partner", "reject")
    with desk.acting("owner") as (session, owner):
        ending.withdraw(session, withdrawn, reason="not needed", by=owner, now=datetime.now(UTC))
    assert told(desk, rejected, Sort.DECIDED) == [(Sort.DECIDED, {"member"})]
    assert told(desk, withdrawn) == [(Sort.ENDED, {"member"})]


def test_an_approval_that_is_only_handed_back_is_no_decision(desk: Desk) -> None:
    number = desk.approved("7001")
    tell(desk, number, "ticket:approved", WORKER, **{"from": "applying", "to": "approved"})
    assert len(told(desk, number, Sort.DECIDED)) == 1


def test_the_tenants_channels_are_told_of_tickets_and_not_of_talk(desk: Desk) -> None:
    channels(desk, "emojis-chat", "emojis-hook")
    number = desk.ask("7001")
    desk.preflight(number)
    tell(desk, number, "comment:added", "member", mentions=["owner"])
    assert told(desk, number) == [
        (Sort.WAITING, {"partner", "partner2", "emojis"}),
        (Sort.MENTION, {"owner"}),
    ]
    with desk.database.reading() as session:
        sent = select(Message.subject).where(Message.task == "meshdesk.notify")
        assert set(session.scalars(sent)) == {"emojis-chat", "emojis-hook"}


def test_whoever_is_mentioned_must_see_the_ticket(desk: Desk) -> None:
    number = desk.ask("7001")
    names = ["outsider", "outsider_partner", "auditor", "operator", "partner", "nobody", "member"]
    tell(desk, number, "comment:added", "member", mentions=names)
    assert told(desk, number) == [(Sort.MENTION, {"auditor", "operator", "partner"})]


def test_who_left_is_not_told_and_a_service_has_its_owner_told(desk: Desk) -> None:
    number = desk.ask("7001")
    with desk.database.unit_of_work() as session:
        names = {one.name: one for one in session.scalars(select(Person))}
        names["member"].owner_id, names["partner2"].active = names["member2"].id, False
    desk.preflight(number)
    desk.decide(number, "partner")
    assert told(desk, number) == [(Sort.WAITING, {"partner"}), (Sort.DECIDED, {"member2"})]


def test_nothing_leaves_but_where_and_what_to_do(desk: Desk) -> None:
    number = desk.active("7001")
    desk.close(number)
    with desk.database.reading() as session:
        for notice in session.scalars(select(Notice).where(Notice.ticket_id == number)):
            assert "a test" not in str(notice.data)
            assert "7001" not in str(notice.data)
            assert (notice.data["cluster"], notice.data["namespace"]) == ("practice", "emojivoto")


def test_muted_sorts_are_not_told_and_urgent_ones_are(desk: Desk) -> None:
    person(desk, "partner", muted=[Sort.WAITING, Sort.BREAK_GLASS])
    number = desk.ask("7001")
    desk.preflight(number)
    tell(desk, number, "ticket:break-glass", "member")
    assert told(desk, number) == [
        (Sort.WAITING, {"partner2"}),
        (Sort.BREAK_GLASS, {"partner", "partner2", "operator", "operator2", "operators"}),
    ]


def test_a_digest_holds_what_is_not_urgent(desk: Desk) -> None:
    person(desk, "partner", digest=True, email="partner@example.com")
    number = desk.ask("7001")
    desk.preflight(number)
    tell(desk, number, "ticket:break-glass", "member")
    with desk.database.reading() as session:
        mine = select(Notice.sort, Delivery.digest).join(Delivery).where(Delivery.recipient == "partner")
        assert dict(session.execute(mine).all()) == {Sort.WAITING: True, Sort.BREAK_GLASS: False}
        sent = select(Message.subject).where(Message.task == "meshdesk.notify")
        assert set(session.scalars(sent)) == {"mail", "operators"}


def test_who_has_no_address_is_kept_as_such(desk: Desk) -> None:
    number = desk.ask("7001")
    desk.preflight(number)
    with desk.database.reading() as session:
        rows = session.scalars(select(Delivery)).all()
    assert {(one.recipient, one.problem) for one in rows} == {
        ("partner", "No mail address of theirs is known."),
        ("partner2", "No mail address of theirs is known."),
    }
    assert all(one.no_channel_at is not None for one in rows)


def test_a_question_and_its_answer(desk: Desk) -> None:
    number = desk.ask("7001")
    desk.preflight(number)
    with desk.acting("partner") as (session, partner):
        questions.question(session, number, text="Why? @owner", by=partner, now=datetime.now(UTC))
    desk.preflight(number)
    with desk.acting("member") as (session, member):
        questions.answer(session, number, text="The vendor.", by=member, now=datetime.now(UTC))
    assert told(desk, number)[1:] == [
        (Sort.QUESTION, {"member"}),
        (Sort.MENTION, {"owner"}),
        (Sort.ANSWER, {"partner"}),
        (Sort.WAITING, {"partner2"}),
    ]


def test_another_rule_tells_those_whom_it_asks_now_and_nobody_twice(desk: Desk) -> None:
    number = desk.ask("7001")
    desk.preflight(number)
    asked = [{"from": "security-partner", "count": 1}, {"from": "tenant-owner", "count": 1}]
    change(desk, number, approvals=asked)
    tell(desk, number, "ticket:rerouted", "operator")
    assert told(desk, number)[1:] == [(Sort.WAITING, {"owner"})]


def test_what_the_preflight_routes_again_is_told_to_those_who_decide_then(desk: Desk) -> None:
    number = desk.ask("8080")
    change(desk, number, rule="another", approvals=[{"from": "tenant-owner", "count": 1}])
    desk.preflight(number)
    assert "ticket:rerouted" in desk.events(number)
    assert told(desk, number) == [(Sort.WAITING, {"partner", "partner2"})]


def test_who_stands_in_for_a_partner_is_told_like_one(desk: Desk) -> None:
    with desk.acting("partner") as (session, partner):
        until = datetime.now(UTC) + timedelta(days=7)
        leave = delegating.Leave(to="member2", tenant="emojis", until=until, reason="on leave")
        delegating.delegate(session, leave, by=partner, now=datetime.now(UTC))
    number = desk.ask("7001")
    desk.preflight(number)
    tell(desk, number, "recertification:due")
    told_now = {"member2", "partner", "partner2"}
    assert told(desk, number) == [(Sort.WAITING, told_now), (Sort.RECERTIFICATION, told_now)]


def test_a_nudge_reminds_those_on_whom_it_waits(desk: Desk) -> None:
    number = desk.ask("7001")
    desk.preflight(number)
    with desk.acting("member") as (session, member):
        awaiting.nudge(session, number, by=member, now=datetime.now(UTC))
    assert told(desk, number)[1:] == [(Sort.NUDGED, {"partner", "partner2"})]


def test_what_the_policy_approves_is_told_to_partners_and_a_broken_glass_only_as_that(desk: Desk) -> None:
    automatic, broken = desk.ask("7001"), desk.ask("7002")
    change(desk, automatic, automatic=True)
    change(desk, broken, automatic=True, break_glass=True)
    desk.preflight(automatic)
    desk.preflight(broken)
    assert told(desk, automatic) == []
    desk.probe(automatic)
    assert told(desk, automatic) == [(Sort.DECIDED, {"member"}), (Sort.AUTOMATIC, {"partner", "partner2"})]
    assert told(desk, broken) == [(Sort.DECIDED, {"member"})]


EVERYBODY = {"operator", "operator2", "operators", "partner", "partner2"}


@pytest.mark.parametrize(
    ("type_", "payload", "sort", "recipients"),
    [
        ("ticket:lapsed", {}, Sort.LAPSED, {"member"}),
        ("ticket:failed", {}, Sort.FAILED_TO_APPLY, {"member"}),
        ("window:ending-soon", {}, Sort.ENDING_SOON, {"member"}),
        ("drift:suspended", {}, Sort.DRIFT, {"member"}),
        ("drift:seen", {}, Sort.DRIFT, {"member"}),
        ("ticket:break-glass", {}, Sort.BREAK_GLASS, EVERYBODY),
        ("review:due", {}, Sort.REVIEW_DUE, {"owner"}),
        ("recertification:due", {}, Sort.RECERTIFICATION, {"partner", "partner2"}),
        ("recertification:missed", {}, Sort.RECERTIFICATION, {"member", "partner", "partner2"}),
        ("deciders:reminded", {"by_whom": "clock", "people": ["partner2"]}, Sort.NUDGED, {"partner2"}),
        ("deciders:reminded", {"by_whom": "member"}, Sort.NUDGED, {"partner", "partner2"}),
        ("ticket:handed-over", {"people": ["member2"]}, Sort.HANDED_OVER, {"member", "member2", "owner"}),
    ],
)
def test_events_of_other_verbs(
    desk: Desk, type_: str, payload: dict[str, Any], sort: Sort, recipients: set[str]
) -> None:
    number = desk.ask("7001")
    reviewers = {"review_from": "tenant-owner"} if type_ == "review:due" else {}
    change(desk, number, **reviewers)
    tell(desk, number, type_, POLICY, **payload)
    assert told(desk, number, sort) == [(sort, recipients if type_ != "ticket:break-glass" else EVERYBODY)]


@pytest.mark.parametrize("type_", ["question:asked", "question:answered", "comment:added"])
def test_every_sort_of_talk_tells_who_is_mentioned(desk: Desk, type_: str) -> None:
    number = desk.ask("7001")
    tell(desk, number, type_, "partner", mentions=["owner"])
    assert told(desk, number, Sort.MENTION) == [(Sort.MENTION, {"owner"})]


def test_a_comment_without_mentions_tells_nobody(desk: Desk) -> None:
    number = desk.ask("7001")
    with desk.acting("partner") as (session, partner):
        talking.comment(session, number, text="seen", by=partner, now=datetime.now(UTC))
    assert told(desk, number) == []


def test_the_groups_that_a_rule_has_told_are_told(desk: Desk) -> None:
    number = desk.ask("7001")
    change(desk, number, rule=RULE_THAT_TELLS, automatic=True)
    tell(desk, number, "ticket:approved", POLICY, **{"from": "pending", "to": "approved"})
    tell(desk, number, "ticket:active", WORKER)
    assert told(desk, number) == [
        (Sort.DECIDED, {"member"}),
        (Sort.AUTOMATIC, {"partner", "partner2"}),
        (Sort.ACTIVE, {"member", "partner", "partner2"}),
    ]


def late(desk: Desk, problem: str) -> int:
    """A ticket whose undo is hindered for longer than is promised."""
    number = desk.active("7001")
    desk.release(number)
    ended = datetime.now(UTC) - PROMISED - timedelta(seconds=1)
    later = datetime.now(UTC) + timedelta(hours=1)
    change(desk, number, ended_at=ended, problem=problem, next_attempt_at=later)
    return number


def test_an_undo_that_is_late_is_told_once_for_each_problem(desk: Desk) -> None:
    number = late(desk, "The API server is away.")
    for _ in range(2):
        sweep(desk.context)
    expected = (Sort.FAILED_TO_UNDO, {"member", *EVERYBODY})
    assert told(desk, number, Sort.FAILED_TO_UNDO) == [expected]
    tell(desk, number, "work:hindered", WORKER, why="The API server is away.")
    assert told(desk, number, Sort.FAILED_TO_UNDO) == [expected]
    tell(desk, number, "work:hindered", WORKER, why="An admission policy refuses it.")
    assert told(desk, number, Sort.FAILED_TO_UNDO) == [expected, expected]
    assert desk.events(number).count("undo:late") == 1


def test_a_hindrance_that_passes_in_time_is_not_told(desk: Desk) -> None:
    number = desk.active("7001")
    desk.release(number)
    tell(desk, number, "work:hindered", WORKER, why="The API server is away.")
    sweep(desk.context)
    assert told(desk, number, Sort.FAILED_TO_UNDO) == []


def test_a_hindered_apply_is_no_failed_undo(desk: Desk) -> None:
    number = desk.approved("7001")
    tell(desk, number, "work:hindered", WORKER, why="The API server is away.")
    assert told(desk, number, Sort.FAILED_TO_UNDO) == []


def test_drift_that_a_worker_finds_is_told(desk: Desk) -> None:
    number = desk.active("7001")
    desk.edit({"config.linkerd.io/skip-inbound-ports": None}, EMOJI)
    desk.look()
    assert "drift:suspended" in desk.events(number)
    assert told(desk, number, Sort.DRIFT) == [(Sort.DRIFT, {"member"})]


def test_a_second_role_in_another_tenant_opens_nothing(desk: Desk) -> None:
    number = desk.ask("7001")
    with desk.database.unit_of_work() as session:
        outsider = session.scalars(select(Person.id).where(Person.name == "outsider")).one()
        books = session.scalars(select(Tenant.id).where(Tenant.name == "books")).one()
        session.add(Membership(person_id=outsider, tenant_id=books, role=Role.OWNER))
    tell(desk, number, "ticket:handed-over", "operator", people=["outsider"])
    assert told(desk, number) == [(Sort.HANDED_OVER, {"member", "owner"})]


def test_the_table_speaks_of_every_sort() -> None:
    used: Sequence[Sort] = [telling.sort for several in TOLD.values() for telling in several]
    # Of a cluster's certificates no ticket tells: expiring.py does.
    assert {*used, Sort.CERTIFICATE_ENDS} == set(Sort)
    assert Sort.CERTIFICATE_ENDS not in used
    assert not URGENT & PERSONAL
