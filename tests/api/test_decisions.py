"""Deciding through the API: on the version that was read, by the right people, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from portal.db import Database
from tests import world
from tests.api.desk import Desk


def test_a_partner_approves_the_version_that_they_read(desk: Desk) -> None:
    ticket = desk.checked()
    shown = desk.get(f"tickets/{ticket['ref']}", "partner")
    answer = desk.post(
        f"tickets/{ticket['ref']}/decisions",
        {"decision": "approve", "note": "TLS is seen"},
        "partner",
        headers={"If-Match": shown.headers["ETag"]},
    )
    assert answer.status_code == 200
    approved = answer.get_json()
    assert approved["state"] == "approved"
    assert approved["waiting_for"] == []
    assert [(made["who"], made["decision"], made["note"]) for made in approved["decisions"]] == [
        ("partner", "approve", "TLS is seen")
    ]
    assert answer.headers["ETag"] == f'"{approved["version"]}"' != shown.headers["ETag"]


def test_a_decision_without_if_match_is_428(desk: Desk) -> None:
    ref = desk.checked()["ref"]
    answer = desk.post(f"tickets/{ref}/decisions", {"decision": "approve"}, "partner")
    assert answer.status_code == 428
    assert "If-Match" in answer.get_json()["detail"]


@pytest.mark.parametrize("given", ['"0"', '"99"', "1", '"x"', 'W/"1"', "*", '"1", "2"', '"' + "9" * 30 + '"'])
def test_a_stale_or_malformed_if_match_is_412(desk: Desk, given: str) -> None:
    ref = desk.checked()["ref"]
    answer = desk.post(f"tickets/{ref}/decisions", {"decision": "approve"}, "partner", headers={"If-Match": given})
    assert answer.status_code == 412
    assert desk.ticket(ref)["state"] == "pending"


def test_approval_before_the_preflight_is_409_with_the_reason(desk: Desk) -> None:
    ticket = desk.submitted()
    answer = desk.decide(ticket["ref"], ticket["version"])
    assert answer.status_code == 409
    assert "preflight" in answer.get_json()["detail"]


def test_approval_over_a_blocking_finding_is_409_and_rejection_is_not(desk: Desk) -> None:
    ticket = desk.checked(clean=False)
    assert ticket["preflight"]["clean"] is False
    assert ticket["preflight"]["findings"][0]["fact"] == "The rollout is paused."
    answer = desk.decide(ticket["ref"], ticket["version"])
    assert (answer.status_code, answer.get_json()["type"]) == (409, "/api/docs#problem-not-ready")
    assert "The rollout is paused." in answer.get_json()["detail"]
    assert desk.decide(ticket["ref"], ticket["version"], decision="reject", note="unpause it").status_code == 200


def test_a_rejection_says_why(desk: Desk) -> None:
    ticket = desk.checked()
    bare = desk.decide(ticket["ref"], ticket["version"], decision="reject", note="  ")
    assert bare.status_code == 422
    assert "note" in bare.get_json()["errors"]
    rejected = desk.decide(ticket["ref"], ticket["version"], decision="reject", note="use opaque ports").get_json()
    assert (rejected["state"], rejected["end_reason"], rejected["ended_by"]) == (
        "rejected",
        "use opaque ports",
        "partner",
    )


def test_approving_twice_is_409_or_412(desk: Desk) -> None:
    ticket = desk.checked()
    version = desk.decide(ticket["ref"], ticket["version"]).get_json()["version"]
    assert desk.decide(ticket["ref"], version).status_code == 409
    assert desk.decide(ticket["ref"], ticket["version"]).status_code == 412


def test_approving_after_withdrawal_is_409(desk: Desk) -> None:
    ticket = desk.checked()
    gone = desk.post(f"tickets/{ticket['ref']}/withdraw", {"reason": "found another way"}).get_json()
    assert gone["state"] == "withdrawn"
    assert desk.decide(ticket["ref"], gone["version"]).status_code == 409


def test_two_approvers_at_the_same_instant_make_one_decision(app: Flask, database: Database, desk: Desk) -> None:
    ticket = desk.checked()

    def approve(who: str) -> int:
        return Desk(app.test_client(), database).decide(ticket["ref"], ticket["version"], who).status_code

    with ThreadPoolExecutor(2) as threads:
        statuses = sorted(threads.map(approve, ["partner", "partner2"]))
    assert statuses in ([200, 409], [200, 412])
    assert len(desk.ticket(ticket["ref"])["decisions"]) == 1


def test_two_groups_are_two_people(desk: Desk) -> None:
    plain = world.exception(application_encryption={"encrypted": False, "how": "the data is public"})
    ticket = desk.checked(fields=plain)
    assert [need["group"] for need in ticket["waiting_for"]] == ["tenant-owner", "security-partner"]
    once = desk.decide(ticket["ref"], ticket["version"]).get_json()
    assert once["state"] == "pending"
    assert [need["group"] for need in once["waiting_for"]] == ["tenant-owner"]
    assert once["waiting_for"][0]["people"] == ["owner"]
    assert desk.decide(ticket["ref"], once["version"], "owner").get_json()["state"] == "approved"
