"""Asking and looking: preview, submit, show, list, events, evidence and comments."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.db import Base, Database
from tests import world
from tests.api.desk import Desk

SKIP = "config.linkerd.io/skip-inbound-ports"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def row_counts(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.reading() as session:
        tables = Base.metadata.sorted_tables
        return {table.name: session.scalars(select(func.count()).select_from(table)).one() for table in tables}


def test_a_preview_shows_rule_approvers_and_change_and_stores_nothing(desk: Desk) -> None:
    desk.get("me")
    before = row_counts(desk.database)
    answer = desk.post("tickets/preview", world.ask())
    assert answer.status_code == 200, answer.text
    shown = answer.get_json()
    assert row_counts(desk.database) == before
    assert (shown["tenant"], shown["environment"], shown["automatic"]) == ("emojis", "production", False)
    assert shown["waiting_for"] == [
        {"group": "security-partner", "count": 1, "met": 0, "people": ["partner", "partner2"], "fallback": None}
    ]
    assert shown["longest"] == "P90D"
    assert [target["workload"] for target in shown["targets"]] == ["deployment/emoji", "deployment/voting"]
    emoji = shown["targets"][0]
    assert emoji["change"]["before"] == {}
    assert emoji["change"]["after"] == {SKIP: "4567-4568,8080,9000-9010"}
    assert f"+{SKIP}: " in emoji["change"]["unified"]
    assert emoji["effective"][SKIP] == {"value": "4567,4568", "source": "control plane default"}
    assert {finding["severity"] for finding in emoji["findings"]} == {"warning", "info"}
    assert any("exposes 9000-9010" in warning for warning in emoji["warnings"])
    assert RFC3339.fullmatch(shown["seen_at"])
    assert shown["age_seconds"] >= 0
    assert "partner" in shown["next"]


def test_a_preview_names_what_would_block(desk: Desk) -> None:
    fields = world.exception(workloads=["deployment/frozen", "deployment/outside"])
    shown = desk.post("tickets/preview", world.ask(fields=fields)).get_json()
    blocking = [
        [finding["code"] for finding in target["findings"] if finding["severity"] == "blocking"]
        for target in shown["targets"]
    ]
    assert blocking == [["rollout-blocked"], ["not-meshed"]]
    assert "Mend the blocking findings" in shown["next"]


def test_a_preview_starts_from_what_is_live(desk: Desk) -> None:
    desk.active(fields=world.exception(workloads=["deployment/emoji"], inbound="7000"))
    shown = desk.post("tickets/preview", world.ask()).get_json()
    assert "7000" in shown["targets"][0]["change"]["after"][SKIP]


def test_a_ticket_says_what_was_asked_and_what_happens_next(desk: Desk) -> None:
    answer = desk.post("tickets", world.ask())
    ticket = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/v1/tickets/MD-1"
    assert answer.headers["ETag"] == '"1"'
    assert {name: ticket[name] for name in ("ref", "state", "requester", "tenant", "duration", "version")} == {
        "ref": "MD-1",
        "state": "pending",
        "requester": "member",
        "tenant": "emojis",
        "duration": "PT30M",
        "version": 1,
    }
    assert ticket["fields"]["inbound"] == "8080,9000-9010"
    assert (ticket["active_from"], ticket["expires_at"], ticket["preflight"]) == (None, None, None)
    assert [target["workload"] for target in ticket["targets"]] == ["deployment/emoji", "deployment/voting"]
    assert ticket["waiting_for"][0]["people"] == ["partner", "partner2"]
    assert "worker looks" in ticket["next"]
    assert RFC3339.fullmatch(ticket["created_at"])
    assert desk.get(ticket["links"]["self"]).get_json() == ticket


def test_an_open_window_shows_when_it_ends(desk: Desk) -> None:
    ticket = desk.active()
    assert ticket["state"] == "active"
    assert RFC3339.fullmatch(ticket["active_from"])
    assert ticket["active_from"] < ticket["expires_at"]
    assert {found["kind"] for found in desk.get(ticket["links"]["evidence"]).get_json()["items"]} == {
        "preflight",
        "before",
        "applied",
    }


def test_revoking_says_who_and_why(desk: Desk) -> None:
    ref = desk.active()["ref"]
    revoked = desk.post(f"tickets/{ref}/revoke", {"reason": "the audit is over"}, "partner").get_json()
    assert (revoked["state"], revoked["outcome"]) == ("reverting", "revoked")
    assert (revoked["ended_by"], revoked["end_reason"]) == ("partner", "the audit is over")


def test_a_ticket_is_revoked_while_it_is_being_applied(desk: Desk) -> None:
    ticket, _ = desk.applying()
    answer = desk.post(f"tickets/{ticket['ref']}/revoke", {"reason": "the audit is over"}, "partner")
    assert (answer.status_code, answer.get_json()["state"]) == (200, "reverting")


def test_events_tell_the_whole_story_in_order(desk: Desk) -> None:
    ref = desk.active()["ref"]
    desk.post(f"tickets/{ref}/release", {"reason": "done early"})
    story = desk.get(f"tickets/{ref}/events").get_json()["items"]
    assert [event["number"] for event in story] == list(range(1, len(story) + 1))
    assert [event["previous"] for event in story[1:]] == [event["hash"] for event in story[:-1]]
    types = [event["type"] for event in story]
    moves = ["submitted", "approved", "applying", "active", "reverting"]
    assert [name for name in types if name.startswith("ticket:")] == [f"ticket:{move}" for move in moves]
    assert story[0]["actor"] == "member"


def test_events_come_in_pages(desk: Desk) -> None:
    ref = desk.active()["ref"]
    whole = desk.get(f"tickets/{ref}/events").get_json()["items"]
    assert followed(desk, f"tickets/{ref}/events?limit=2") == whole


def test_comments_are_kept_in_order(desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    assert desk.post(f"tickets/{ref}/comments", {"text": " Which vendor is it? "}, "partner").status_code == 201
    desk.post(f"tickets/{ref}/comments", {"text": "The one of the till."})
    said = desk.get(f"tickets/{ref}/comments").get_json()["items"]
    assert [(one["author"], one["text"]) for one in said] == [
        ("partner", "Which vendor is it?"),
        ("member", "The one of the till."),
    ]


def followed(desk: Desk, path: str, who: str = "member") -> list[dict[str, Any]]:
    """All items of a list, page by page by its Link headers."""
    items: list[dict[str, Any]] = []
    while path:
        answer = desk.get(path, who)
        assert answer.status_code == 200, answer.text
        items += answer.get_json()["items"]
        found = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        path = found[1] if found else ""
    return items


def several(desk: Desk, number: int) -> list[str]:
    """Refs of tickets for different ports, oldest first."""
    return [desk.submitted(fields=world.exception(inbound=str(7000 + one)))["ref"] for one in range(number)]


def test_lists_come_newest_first_and_page_by_page(desk: Desk) -> None:
    refs = several(desk, 5)
    first = desk.get("tickets?limit=2")
    assert [ticket["ref"] for ticket in first.get_json()["items"]] == refs[:2:-1]
    assert 'rel="next"' in first.headers["Link"]
    assert [ticket["ref"] for ticket in followed(desk, "tickets?limit=2")] == refs[::-1]
    assert "Link" not in desk.get("tickets?limit=5").headers


def test_a_ticket_that_comes_meanwhile_moves_no_page(desk: Desk) -> None:
    refs = several(desk, 4)
    link = desk.get("tickets?limit=2").headers["Link"]
    desk.submitted()
    rest = desk.get(link.split(">")[0].strip("<")).get_json()["items"]
    assert [ticket["ref"] for ticket in rest] == refs[1::-1]


@pytest.mark.parametrize(
    ("query", "who", "expected"),
    [
        ("", "member", ["MD-4", "MD-2", "MD-1"]),
        ("", "outsider", ["MD-3"]),
        ("", "operator", ["MD-4", "MD-3", "MD-2", "MD-1"]),
        ("", "auditor", ["MD-4", "MD-3", "MD-2", "MD-1"]),
        ("state=withdrawn", "member", ["MD-1"]),
        ("state=withdrawn,pending", "member", ["MD-4", "MD-2", "MD-1"]),
        ("mine=true", "member", ["MD-2", "MD-1"]),
        ("tenant=books", "operator", ["MD-3"]),
        ("tenant=books", "member", []),
        ("cluster=practice&namespace=bookstore", "operator", ["MD-3"]),
        ("kind=encryption-exception&state=pending", "member", ["MD-4", "MD-2"]),
        ("cluster=elsewhere", "operator", []),
    ],
)
def test_lists_are_filtered(desk: Desk, query: str, who: str, expected: list[str]) -> None:
    desk.post(f"tickets/{desk.submitted()['ref']}/withdraw", {"reason": "found another way"})
    several(desk, 1)
    desk.submitted("outsider", namespace="bookstore")
    desk.submitted("member2", fields=world.exception(inbound="7777"))
    assert [ticket["ref"] for ticket in desk.get(f"tickets?{query}", who).get_json()["items"]] == expected


def waiting(desk: Desk, who: str, path: str = "tickets?state=pending&waiting_for=me") -> list[str]:
    """Refs of what waits for somebody."""
    return [ticket["ref"] for ticket in followed(desk, path, who)]


def test_what_waits_for_me_is_what_i_may_still_decide(desk: Desk) -> None:
    desk.checked()
    desk.checked(who="partner", fields=world.exception(inbound="7000"))
    assert waiting(desk, "partner") == ["MD-1"]
    assert waiting(desk, "partner2") == ["MD-2", "MD-1"]
    for who in ("member", "owner", "outsider_partner", "operator", "auditor"):
        assert waiting(desk, who) == []


def test_what_my_group_has_approved_waits_for_me_no_longer(desk: Desk) -> None:
    plain = world.exception(application_encryption={"encrypted": False, "how": "the data is public"})
    ticket = desk.checked(fields=plain)
    assert waiting(desk, "partner2") == waiting(desk, "owner") == ["MD-1"]
    desk.decide(ticket["ref"], ticket["version"])
    assert waiting(desk, "partner2") == []
    assert waiting(desk, "owner") == ["MD-1"]


def test_pages_of_what_waits_are_full_whatever_is_left_out(desk: Desk) -> None:
    refs = several(desk, 6)
    plain = {"encrypted": False, "how": "the data is public"}
    done = desk.checked(fields=world.exception(inbound="7500", application_encryption=plain))
    desk.decide(done["ref"], done["version"], "partner2")
    first = desk.get("tickets?waiting_for=me&limit=3", "partner")
    assert [ticket["ref"] for ticket in first.get_json()["items"]] == refs[:2:-1]
    assert waiting(desk, "partner", "tickets?waiting_for=me&limit=1") == refs[::-1]


def test_a_renewal_is_no_duplicate(desk: Desk) -> None:
    ref = desk.active()["ref"]
    renewal = desk.submitted(renews=ref)
    assert renewal["renews"] == ref
