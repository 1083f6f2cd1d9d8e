"""A policy that changes touches no ticket by itself; an operator has a pending one routed again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal import policy_store, queries
from portal.errors import Forbidden, NotFound, WrongState
from portal.policy import default_policy
from portal.states import State
from portal.tickets.rerouting import reroute
from tests.tickets.people import put_in
from tests.tickets.test_deciding import ready
from tests.workers.desk import Desk

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULE = """\
version: 1
rules:
  - name: {name}
    approvals: {approvals}
    longest: {longest}
    reason: It is stricter now.
"""


def policy(desk: Desk, approvals: str = "[{from: 'group:leads'}]", *, name: str = "leads", longest: str = "P1D") -> str:
    """Put a policy of one rule in force; its hash."""
    text = RULE.format(name=name, approvals=approvals, longest=longest)
    with desk.database.unit_of_work() as session:
        policy_store.apply_policy(session, text, by="operator", now=NOW)
        return policy_store.current_policy(session).digest


def routed_again(desk: Desk, number: int, who: str = "operator") -> None:
    with desk.acting(who) as (session, by):
        reroute(session, number, reason="the policy is stricter now", by=by, now=datetime.now(UTC))


def test_a_new_policy_reaches_a_pending_ticket_by_an_operators_word_alone(desk: Desk) -> None:
    number = ready(desk)
    digest = policy(desk)
    desk.preflight(number)
    before = desk.ticket(number)
    assert (before.rule, before.policy_hash) == ("skip-ports-encrypted", default_policy().digest)
    routed_again(desk, number)
    after = desk.ticket(number)
    assert (after.rule, after.rule_reason, after.policy_hash) == ("leads", "It is stricter now.", digest)
    assert (after.approvals, after.asks_named) == ([{"from": "group:leads", "count": 1}], True)
    with desk.database.reading() as session:
        told = queries.events(session, f"MD-{number}")[-1]
    expected = {"from": "skip-ports-encrypted", "to": "leads", "policy": digest, "reason": "the policy is stricter now"}
    assert (told.type, told.actor, told.payload) == ("ticket:rerouted", "operator", expected)


def test_approvals_that_were_given_stay_and_count_by_their_hats(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        put_in(session, "partner", "leads")
        put_in(session, "amira", "leads")
    number = ready(desk, ("security-partner", 1), ("tenant-owner", 1))
    desk.decide(number, "partner")
    policy(desk, "[{from: 'group:leads', count: 2}]")
    routed_again(desk, number)
    assert desk.state(number) is State.PENDING
    assert desk.ticket(number).decisions[0].roles == ["group:leads", "security-partner"]
    desk.decide(number, "amira")
    assert desk.state(number) is State.APPROVED


def test_what_has_all_approvals_already_is_approved_after_another_look(desk: Desk) -> None:
    number = ready(desk, ("security-partner", 1), ("tenant-owner", 1))
    desk.decide(number, "partner")
    policy(desk, "[{from: security-partner}]")
    routed_again(desk, number)
    assert desk.state(number) is State.PENDING
    assert desk.deliver("meshdesk.preflight")
    assert desk.state(number) is State.APPROVED


def test_what_is_decided_stays_with_its_rule(desk: Desk) -> None:
    number = ready(desk)
    desk.decide(number, "partner")
    policy(desk)
    with pytest.raises(WrongState, match="is approved: what is decided stays"):
        routed_again(desk, number)
    assert desk.ticket(number).rule == "skip-ports-encrypted"


def test_a_longer_time_than_the_new_rule_allows_is_refused_with_both(desk: Desk) -> None:
    number = ready(desk, duration=timedelta(hours=2))
    policy(desk, longest="PT1H")
    with pytest.raises(WrongState, match="Rule leads allows at most 1 hour, and MD-1 asks for 2 hours: reject MD-1"):
        routed_again(desk, number)
    assert desk.ticket(number).rule == "skip-ports-encrypted"


def test_what_no_rule_matches_any_more_is_refused(desk: Desk) -> None:
    number = ready(desk)
    text = "version: 1\nrules: [{name: other, when: {kind: generic}, automatic: true, longest: P1D}]\n"
    with desk.database.unit_of_work() as session:
        policy_store.apply_policy(session, text, by="operator", now=NOW)
    with pytest.raises(WrongState, match="No rule of the policy in force matches"):
        routed_again(desk, number)


def test_the_policy_in_force_is_not_applied_twice(desk: Desk) -> None:
    number = ready(desk)
    with pytest.raises(WrongState, match="is routed by the policy in force already"):
        routed_again(desk, number)


@pytest.mark.parametrize(("who", "error"), [("owner", Forbidden), ("auditor", Forbidden), ("outsider", NotFound)])
def test_only_operators_route_again(desk: Desk, who: str, error: type[Exception]) -> None:
    number = ready(desk)
    policy(desk)
    with pytest.raises(error):
        routed_again(desk, number, who)
