"""Tickets that people carry out: asked without a cluster, taken, answered, and told truly."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from portal import audit
from portal.db import database_now
from portal.models import Message, Ticket
from portal.policy_store import apply_policy
from tests import world
from tests.api.desk import Desk

DONE = {"answer": "Both have the role auditors-read since today."}
NOT_DONE = {"answer": "The console knows no read-only role: ask for a report instead."}


def types(desk: Desk, ref: str) -> list[str]:
    return [event["type"] for event in desk.events(ref)]


def needs(desk: Desk, ref: str, *approvals: tuple[str, int]) -> None:
    """Have the ticket's rule ask for these."""
    with desk.database.unit_of_work() as session:
        asked = [{"from": group, "count": count} for group, count in approvals]
        session.get_one(Ticket, int(ref.removeprefix("MD-"))).approvals = asked


def test_it_needs_neither_cluster_nor_namespace_nor_worker(desk: Desk) -> None:
    ticket = desk.generic()
    assert (ticket["cluster"], ticket["namespace"], ticket["tenant"]) == (None, None, "emojis")
    assert (ticket["environment"], ticket["rule"], ticket["targets"]) == ("production", "generic", [])
    assert (ticket["duration"], ticket["preflight"]) == (None, None)
    assert ticket["next"] == "It waits for one platform operator (operator, operator2)."
    assert ticket["waiting_for"][0]["people"] == ["operator", "operator2"]
    with desk.database.reading() as session:
        assert set(session.scalars(select(Message.task))) == {"meshdesk.notify"}


def test_a_preview_says_on_whom_it_would_wait(desk: Desk) -> None:
    shown = desk.post("tickets/preview", world.generic()).get_json()
    assert shown["next"] == "Ask for it: it waits for one platform operator (operator, operator2)."
    assert (shown["seen_at"], shown["age_seconds"], shown["targets"]) == (None, None, [])


def test_a_namespace_may_be_named_and_then_needs_its_cluster(desk: Desk) -> None:
    ticket = desk.generic(cluster="playground", namespace="emojivoto")
    assert (ticket["cluster"], ticket["namespace"], ticket["environment"]) == ("playground", "emojivoto", "sandbox")
    refused = desk.post("tickets", world.generic(namespace="emojivoto"))
    assert (refused.status_code, set(refused.get_json()["errors"])) == (422, {"cluster"})
    refused = desk.post("tickets", world.generic(cluster="practice"))
    assert (refused.status_code, set(refused.get_json()["errors"])) == (422, {"cluster"})
    foreign = desk.post("tickets", world.generic(cluster="practice", namespace="bookstore"))
    assert foreign.status_code == 404


def test_who_has_several_tenants_says_for_which(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        world.join(session, "member", "books")
    refused = desk.post("tickets", world.generic())
    assert (refused.status_code, set(refused.get_json()["errors"])) == (422, {"tenant"})
    assert desk.generic(tenant="books")["tenant"] == "books"
    assert desk.generic(tenant="emojis")["tenant"] == "emojis"
    assert desk.post("tickets", world.generic(tenant="payments")).status_code == 404


def test_the_same_is_not_asked_twice(desk: Desk) -> None:
    ref = desk.generic()["ref"]
    again = desk.post("tickets", world.generic(reason="another one"))
    assert (again.status_code, again.get_json()["ref"]) == (409, ref)


def test_an_operator_takes_it_and_another_takes_it_over(desk: Desk) -> None:
    ref = desk.generic()["ref"]
    taken = desk.post(f"tickets/{ref}/take", who="operator").get_json()
    assert (taken["taken_by"], taken["state"]) == ("operator", "pending")
    assert taken["next"].endswith("operator works on it and answers here.")
    again = desk.post(f"tickets/{ref}/take", who="operator")
    assert (again.status_code, again.get_json()["detail"]) == (
        409,
        f"You work on {ref} already: answer it by fulfilling or declining it.",
    )
    assert desk.post(f"tickets/{ref}/take", who="operator2").get_json()["taken_by"] == "operator2"
    told = [(event["actor"], event["payload"]) for event in desk.events(ref) if event["type"] == "work:taken"]
    assert told == [("operator", {"over_from": None}), ("operator2", {"over_from": "operator"})]


def test_fulfilling_a_pending_one_approves_it_by_the_same_word(desk: Desk) -> None:
    ref = desk.generic()["ref"]
    ticket = desk.post(f"tickets/{ref}/fulfil", DONE, "operator").get_json()
    assert (ticket["state"], ticket["outcome"], ticket["ended_by"]) == ("closed", "fulfilled", "operator")
    assert (ticket["answer"], ticket["decisions"][0]["who"]) == (DONE["answer"], "operator")
    assert ticket["next"] == "operator fulfilled it: the answer says what was done."
    assert types(desk, ref) == ["ticket:submitted", "decision:approve", "ticket:approved", "ticket:closed"]
    assert desk.events(ref)[-1]["payload"] == {
        "from": "approved",
        "to": "closed",
        "outcome": "fulfilled",
        "answer": DONE["answer"],
    }
    with desk.database.reading() as session:
        assert list(audit.verify(session, ref)) == []


def test_an_approved_one_says_who_works_on_it(desk: Desk) -> None:
    ticket = desk.generic()
    approved = desk.decide(ticket["ref"], ticket["version"], "operator").get_json()
    assert approved["state"] == "approved"
    assert approved["next"] == "It is approved and waits for a platform operator to take it."
    taken = desk.post(f"tickets/{ticket['ref']}/take", who="operator2").get_json()
    assert taken["next"] == "operator2 works on it and answers here."
    closed = desk.post(f"tickets/{ticket['ref']}/fulfil", DONE, "operator2").get_json()
    assert (closed["state"], closed["ended_by"], len(closed["decisions"])) == ("closed", "operator2", 1)


def test_fulfilling_does_not_go_round_other_approvals(desk: Desk) -> None:
    ref = desk.generic()["ref"]
    needs(desk, ref, ("platform-operator", 2))
    refused = desk.post(f"tickets/{ref}/fulfil", DONE, "operator")
    assert refused.get_json()["type"].endswith("not-ready")
    kept = desk.ticket(ref)
    assert (kept["state"], kept["decisions"], kept["answer"]) == ("pending", [], None)
    assert types(desk, ref) == ["ticket:submitted"]
    assert desk.decide(ref, kept["version"], "operator").status_code == 200
    assert desk.post(f"tickets/{ref}/fulfil", DONE, "operator").status_code == 409
    assert desk.post(f"tickets/{ref}/fulfil", DONE, "operator2").get_json()["state"] == "closed"


@pytest.mark.parametrize("verb", ["take", "fulfil", "decline"])
def test_nobody_works_on_their_own_ticket(desk: Desk, verb: str) -> None:
    with desk.database.unit_of_work() as session:
        world.join(session, "operator", "emojis")
    ref = desk.generic("operator")["ref"]
    for _ in range(2):
        refused = desk.post(f"tickets/{ref}/{verb}", {} if verb == "take" else DONE, "operator")
        assert refused.status_code == 403, "pending and approved alike"
        assert "their own ticket" in refused.get_json()["detail"]
        desk.decide(ref, desk.ticket(ref)["version"], "operator2")
    assert desk.post(f"tickets/{ref}/fulfil", DONE, "operator2").status_code == 200


def test_declining_a_pending_one_rejects_it(desk: Desk) -> None:
    ref = desk.generic()["ref"]
    ticket = desk.post(f"tickets/{ref}/decline", NOT_DONE, "operator").get_json()
    said = NOT_DONE["answer"]
    assert (ticket["state"], ticket["answer"], ticket["end_reason"]) == ("rejected", said, said)
    assert ticket["next"] == "operator declined it: the answer says why, and with what to ask again."
    assert desk.generic()["state"] == "pending", "the same may be asked again"


def test_declining_an_approved_one_withdraws_it(desk: Desk) -> None:
    ticket = desk.generic()
    desk.decide(ticket["ref"], ticket["version"], "operator")
    ended = desk.post(f"tickets/{ticket['ref']}/decline", NOT_DONE, "operator2").get_json()
    assert (ended["state"], ended["ended_by"], ended["end_reason"]) == ("withdrawn", "operator2", NOT_DONE["answer"])
    assert types(desk, ticket["ref"])[-1] == "ticket:withdrawn"


@pytest.mark.parametrize("approved", [False, True])
def test_the_requester_takes_it_back(desk: Desk, approved: bool) -> None:
    ticket = desk.generic()
    if approved:
        desk.decide(ticket["ref"], ticket["version"], "operator")
    ended = desk.post(f"tickets/{ticket['ref']}/withdraw", {"reason": "found a way"}).get_json()
    assert (ended["state"], ended["answer"]) == ("withdrawn", None)
    assert ended["next"] == "member took it back: the operators do nothing more for it."


@pytest.mark.parametrize("verb", ["take", "fulfil", "decline"])
def test_what_workers_carry_out_is_not_fulfilled_by_hand(desk: Desk, verb: str) -> None:
    ref = desk.checked()["ref"]
    refused = desk.post(f"tickets/{ref}/{verb}", {} if verb == "take" else DONE, "operator")
    assert (refused.status_code, refused.get_json()["type"]) == (409, "/api/docs#problem-wrong-state")
    assert "approve or reject it" in refused.get_json()["detail"]
    assert desk.ticket(ref)["state"] == "pending"


@pytest.mark.parametrize("verb", ["take", "fulfil", "decline"])
def test_what_is_over_stays_so(desk: Desk, verb: str) -> None:
    ref = desk.generic()["ref"]
    desk.post(f"tickets/{ref}/fulfil", DONE, "operator")
    refused = desk.post(f"tickets/{ref}/{verb}", {} if verb == "take" else NOT_DONE, "operator2")
    assert (refused.status_code, "it is over" in refused.get_json()["detail"]) == (409, True)
    assert desk.ticket(ref)["answer"] == DONE["answer"]


def test_an_answer_is_needed(desk: Desk) -> None:
    ref = desk.generic()["ref"]
    for body in ({}, {"answer": "  "}, {"answer": "x" * 4001}):
        assert desk.post(f"tickets/{ref}/fulfil", body, "operator").status_code == 422


def test_an_answer_that_is_sent_again_is_one(desk: Desk) -> None:
    ref = desk.generic()["ref"]
    key = {"Idempotency-Key": "fulfilled-once"}
    first = desk.post(f"tickets/{ref}/fulfil", DONE, "operator", headers=key)
    again = desk.post(f"tickets/{ref}/fulfil", DONE, "operator", headers=key)
    assert (first.status_code, again.get_json()) == (200, first.get_json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert types(desk, ref).count("ticket:closed") == 1


def test_it_needs_no_preflight(desk: Desk) -> None:
    refused = desk.post(f"tickets/{desk.generic()['ref']}/preflight")
    assert (refused.status_code, "needs no preflight" in refused.get_json()["detail"]) == (409, True)


def test_operators_find_it_among_what_waits_for_them(desk: Desk) -> None:
    desk.checked()
    ref = desk.generic()["ref"]
    found = desk.get("tickets?waiting_for=me", "operator").get_json()["items"]
    assert [one["ref"] for one in found] == [ref]


def test_a_policy_may_approve_it_at_once(desk: Desk) -> None:
    text = (
        "version: 1\nrules:\n"
        "  - {name: help, when: {kind: generic}, automatic: true, may_stand_without_end: true, reason: Ask freely.}\n"
    )
    with desk.database.unit_of_work() as session:
        apply_policy(session, text, by="a test", now=database_now(session))
    preview: dict[str, Any] = desk.post("tickets/preview", world.generic()).get_json()
    assert preview["next"] == "Ask for it: the policy approves it at once."
    ticket = desk.generic()
    assert (ticket["state"], types(desk, ticket["ref"])) == ("approved", ["ticket:submitted", "ticket:approved"])
    assert desk.post(f"tickets/{ticket['ref']}/fulfil", DONE, "operator").get_json()["state"] == "closed"
