"""What deciders have besides yes and no: less, conditions, questions, several at once, absence, templates, history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests import world
from tests.api.desk import Desk

PART = {"duration": "PT10M", "fields": {"workloads": ["deployment/emoji"], "inbound": "8080"}}


def decide(desk: Desk, *items: dict[str, Any], who: str = "partner", **options: Any) -> TestResponse:
    return desk.post("decisions", {"items": list(items)}, who, **options)


def word(ticket: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"ref": ticket["ref"], "version": ticket["version"], "decision": "approve", **more}


def away(**changes: Any) -> dict[str, Any]:
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    return {"to": "outsider", "tenant": "emojis", "until": until, "reason": "on leave", **changes}


def test_asked_and_granted_stand_side_by_side(desk: Desk) -> None:
    ticket = desk.checked()
    assert (ticket["asked"], ticket["granted"], ticket["conditions"]) == (None, None, [])
    made = desk.decide(ticket["ref"], ticket["version"], grant=PART, conditions=["only till Friday"]).get_json()
    assert made["state"] == "approved"
    assert (made["duration"], made["fields"]["inbound"]) == ("PT10M", "8080")
    assert made["asked"] == {
        "fields": ticket["fields"],
        "duration": "PT30M",
        "targets": ["deployment/emoji", "deployment/voting"],
    }
    assert made["granted"] == {"fields": made["fields"], "duration": "PT10M", "targets": ["deployment/emoji"]}
    assert [target["workload"] for target in made["targets"]] == ["deployment/emoji"]
    assert [(one["by"], one["text"]) for one in made["conditions"]] == [("partner", "only till Friday")]
    assert made["decisions"][0]["trimmed"]["after"] == {**PART["fields"], "duration": "PT10M"}  # type: ignore[dict-item]
    assert [one["type"] for one in desk.events(ticket["ref"])].count("ticket:trimmed") == 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"grant": {"fields": {"inbound": "80"}}}, "grant.fields.inbound"),
        ({"grant": {"duration": "PT1H"}}, "grant.duration"),
        ({"grant": {"duration": None}}, "grant.duration"),
        ({"grant": {"colour": "blue"}}, "grant.colour"),
        ({"grant": PART, "note": ""}, "note"),
        ({"grant": PART, "decision": "reject"}, "grant"),
        ({"conditions": ["x"], "decision": "reject"}, "conditions"),
        ({"conditions": [" "]}, "conditions.0"),
        ({"template": "opaque"}, "template"),
        ({"template": "opaque", "decision": "reject"}, "template"),
        ({"decision": "reject", "note": ""}, "note"),
    ],
)
def test_what_does_not_fit_is_422_with_the_field(desk: Desk, said: dict[str, Any], field: str) -> None:
    ticket = desk.checked()
    answer = desk.decide(ticket["ref"], ticket["version"], **said)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])
    assert desk.ticket(ticket["ref"])["state"] == "pending"


def test_a_question_is_on_the_ticket_until_it_is_answered(desk: Desk) -> None:
    ref = desk.checked()["ref"]
    held = desk.post(f"tickets/{ref}/questions", {"text": "Which vendor, @member?"}, "partner")
    assert (held.status_code, held.headers["ETag"]) == (201, f'"{held.get_json()["version"]}"')
    assert (held.get_json()["question"]["who"], held.get_json()["question"]["text"]) == (
        "partner",
        "Which vendor, @member?",
    )
    assert desk.get("tickets?waiting_for=me", "partner2").get_json()["items"] == []
    assert [one["ref"] for one in desk.get("tickets?waiting_for=me", "member").get_json()["items"]] == [ref]
    refused = desk.decide(ref, held.get_json()["version"], "partner2")
    assert (refused.status_code, refused.get_json()["type"]) == (409, "/api/docs#problem-not-ready")
    assert "Which vendor" in refused.get_json()["detail"]
    let = desk.post(f"tickets/{ref}/answers", {"text": "The one of the tills."}).get_json()
    assert let["question"] is None
    said = desk.get(f"tickets/{ref}/comments").get_json()["items"]
    assert [(one["sort"], one["mentions"]) for one in said] == [("question", ["member"]), ("answer", [])]
    assert said[1]["answers"] == said[0]["id"]
    assert desk.get("tickets?waiting_for=me", "member").get_json()["items"] == []


def test_several_are_decided_each_by_itself(desk: Desk) -> None:
    fine, stale = (desk.checked(fields=world.exception(inbound=port)) for port in ("7001", "7002"))
    own = desk.checked(who="partner", fields=world.exception(inbound="7004"))
    body = [
        word(fine),
        word(stale, version=99),
        word(own),
        {**word(stale), "ref": "MD-999"},
        {**word(stale), "ref": "x"},
    ]
    made = decide(desk, *body).get_json()["items"]
    assert [(one["status"], one["state"]) for one in made] == [
        (200, "approved"),
        (412, None),
        (403, None),
        (404, None),
        (404, None),
    ]
    assert made[1]["problem"]["type"] == "/api/docs#problem-stale"
    assert made[0]["version"] == desk.ticket(fine["ref"])["version"]
    assert [desk.ticket(one["ref"])["state"] for one in (fine, stale, own)] == ["approved", "pending", "pending"]
    assert [one["type"] for one in desk.events(fine["ref"])].count("decision:approve") == 1


def test_several_are_told_again_by_their_key(desk: Desk) -> None:
    ticket = desk.checked()
    first, second = (decide(desk, word(ticket), headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert [one["status"] for one in decide(desk, word(ticket)).get_json()["items"]] == [412]


def test_several_are_at_most_a_hundred_each_once(desk: Desk) -> None:
    ticket = {"ref": "MD-1", "version": 1}
    many = [word({**ticket, "ref": f"MD-{number}"}) for number in range(1, 102)]
    for items, field in (([], "items"), (many, "items"), ([word(ticket), word(ticket)], "items.1.ref")):
        answer = decide(desk, *items)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])


def test_a_delegation_is_listed_used_and_ended(desk: Desk) -> None:
    ticket = desk.checked()
    made = desk.post("delegations", away(), "partner").get_json()
    assert (made["person"], made["to"], made["tenant"], made["ended_at"]) == ("partner", "outsider", "emojis", None)
    for who, count in (("partner", 1), ("outsider", 1), ("member", 1), ("auditor", 1), ("outsider_partner", 0)):
        assert len(desk.get("delegations", who).get_json()["items"]) == count
    decided = desk.decide(ticket["ref"], ticket["version"], "outsider")
    assert (decided.status_code, decided.get_json()["state"]) == (200, "approved")
    assert decided.get_json()["decisions"][0]["stood_in_for"] == "partner"
    ended = desk.post(f"delegations/{made['id']}/end", who="outsider").get_json()
    assert ended["ended_by"] == "outsider"
    assert desk.get(f"tickets/{ticket['ref']}", "outsider").status_code == 404
    assert desk.post("delegations/x/end", who="partner").status_code == 404
    naive = desk.post("delegations", away(until="2026-01-01T00:00:00"), "partner")
    assert (naive.status_code, list(naive.get_json()["errors"])) == (422, ["until"])


def test_the_fallback_is_told_on_the_ticket(desk: Desk) -> None:
    body = world.ask(namespace="bookstore", fields=world.exception(workloads=["deployment/emoji"]))
    told = desk.post("tickets/preview", body, "outsider_partner").get_json()
    instead = told["waiting_for"][0]["fallback"]
    assert (instead["group"], instead["people"]) == ("platform-operator", ["operator", "operator2"])
    assert "no security partner is left who may decide, so a platform operator counts" in told["next"]
    ref = desk.post("tickets", body, "outsider_partner").get_json()["ref"]
    shown = desk.ticket(ref, "outsider_partner")
    assert shown["waiting_for"][0]["fallback"]["why"] == instead["why"]
    assert [one["ref"] for one in desk.get("tickets?waiting_for=me", "operator").get_json()["items"]] == [ref]


def test_templates_are_kept_by_name(desk: Desk) -> None:
    path = "tenants/emojis/reject-templates"
    kept = desk.send("PUT", f"{path}/opaque", "partner", json={"text": "Use opaque ports."})
    assert (kept.status_code, kept.get_json()["written_by"]) == (200, "partner")
    assert [one["name"] for one in desk.get(path, "member").get_json()["items"]] == ["opaque"]
    ticket = desk.checked()
    rejected = desk.decide(ticket["ref"], ticket["version"], decision="reject", note="", template="opaque").get_json()
    assert (rejected["state"], rejected["end_reason"]) == ("rejected", "Use opaque ports.")
    bad = desk.send("PUT", f"{path}/Not_a_name", "partner", json={"text": "x"})
    assert (bad.status_code, list(bad.get_json()["errors"])) == (422, ["template"])
    assert desk.get(path, "outsider").status_code == 404
    assert desk.get(f"{path}/opaque", "member").get_json()["text"] == "Use opaque ports."
    assert desk.send("DELETE", f"{path}/opaque", "owner").get_json()["name"] == "opaque"
    assert desk.get(f"{path}/opaque", "member").status_code == 404


def test_history_tells_who_decided_and_how_it_ended(desk: Desk) -> None:
    before = desk.checked()
    desk.decide(before["ref"], before["version"], grant=PART)
    ticket = desk.checked()
    assert ticket["history"] == {"count": 1, "approved": 1, "rejected": 0}
    (found,) = desk.get(f"tickets/{ticket['ref']}/history", "partner").get_json()["items"]
    assert (found["ref"], found["state"], found["same"]) == (before["ref"], "approved", False)
    assert (found["asked"]["duration"], found["granted"]["duration"]) == ("PT30M", "PT10M")
    assert [(one["who"], one["decision"], one["note"]) for one in found["decisions"]] == [
        ("partner", "approve", "seen")
    ]
    assert "history" not in desk.get("tickets").get_json()["items"][0]
