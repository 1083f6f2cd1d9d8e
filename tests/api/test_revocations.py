"""Revoking everything of a tenant, a cluster or a kind: shown first, ended ticket by ticket, nothing else touched."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal import audit
from portal.api import revocations
from portal.db import database_now
from portal.tickets import ending
from tests import world
from tests.api.desk import Desk

WHY = {"reason": "the tenant has left"}
FOR_REAL = {**WHY, "dry_run": False}
NOT_ENCRYPTED = world.exception(application_encryption={"encrypted": False, "how": "the vendor knows no TLS"})


def revoke(desk: Desk, body: dict[str, Any], **options: Any) -> dict[str, Any]:
    answer = desk.post("revocations", body, "operator", **options)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def refs(found: list[dict[str, Any]]) -> list[str]:
    return [one["ref"] for one in found]


def workload(name: str) -> dict[str, Any]:
    return world.exception(workloads=[name], inbound="7001")


def state(desk: Desk, ref: str) -> str:
    return str(desk.ticket(ref, "auditor")["state"])


def test_a_dry_run_is_what_happens_unless_told_otherwise(desk: Desk) -> None:
    active, approved = desk.active()["ref"], desk.approved(fields=workload("deployment/web"))["ref"]
    pending = desk.checked(fields=workload("statefulset/store"))["ref"]
    found = revoke(desk, {"tenant": "emojis", **WHY})
    assert (found["dry_run"], found["more"], found["changed"]) == (True, False, [])
    assert (refs(found["tickets"]), refs(found["pending"])) == ([approved, active], [pending])
    assert found["tickets"][1] == {
        "ref": active,
        "kind": "encryption-exception",
        "tenant": "emojis",
        "cluster": "practice",
        "namespace": "emojivoto",
        "state": "active",
    }
    assert [state(desk, ref) for ref in (active, approved, pending)] == ["active", "approved", "pending"]


def test_each_is_ended_as_its_state_asks_and_tells_it_itself(desk: Desk) -> None:
    active, failed = desk.active()["ref"], desk.failed(fields=workload("deployment/web"))["ref"]
    applying = desk.applying(fields=workload("deployment/voting"))[0]["ref"]
    generic, pending = desk.generic(), desk.checked(fields=workload("statefulset/store"))["ref"]
    desk.decide(generic["ref"], generic["version"], "operator")
    over = desk.submitted(fields=workload("daemonset/agent"))["ref"]
    desk.post(f"tickets/{over}/withdraw", {"reason": "no"})
    found = revoke(desk, {"tenant": "emojis", **FOR_REAL})
    assert refs(found["tickets"]) == [generic["ref"], applying, failed, active]
    assert [one["state"] for one in found["tickets"]] == ["withdrawn", "reverting", "withdrawn", "reverting"]
    assert (refs(found["pending"]), state(desk, pending)) == ([pending], "pending")
    for ref in refs(found["tickets"]):
        last = desk.events(ref)[-1]
        assert (last["actor"], last["payload"]["reason"]) == ("operator", WHY["reason"])
    assert desk.ticket(active)["outcome"] == "revoked"
    with desk.database.reading() as session:
        assert list(audit.verify(session)) == []


def test_what_is_named_counts_together(desk: Desk) -> None:
    mine, sandbox = desk.approved()["ref"], desk.approved(cluster="playground", fields=NOT_ENCRYPTED)["ref"]
    theirs = desk.generic("outsider")
    desk.decide(theirs["ref"], theirs["version"], "operator")
    assert refs(revoke(desk, {"kind": "generic", **WHY})["tickets"]) == [theirs["ref"]]
    assert refs(revoke(desk, {"cluster": "playground", **WHY})["tickets"]) == [sandbox]
    assert refs(revoke(desk, {"tenant": "emojis", "cluster": "practice", **WHY})["tickets"]) == [mine]
    assert refs(revoke(desk, {"tenant": "books", "kind": "encryption-exception", **WHY})["tickets"]) == []
    revoke(desk, {"tenant": "emojis", "cluster": "practice", "kind": "encryption-exception", **FOR_REAL})
    assert [state(desk, ref) for ref in (mine, sandbox, theirs["ref"])] == ["withdrawn", "approved", "approved"]


def test_a_ticket_that_changes_meanwhile_is_reported_and_stops_nothing(desk: Desk) -> None:
    last, middle, first = (
        desk.active(fields=workload(f"deployment/{name}"))["ref"] for name in ("emoji", "voting", "web")
    )
    released: list[str] = []

    def release_the_next(_: Session) -> None:
        if not released:
            released.append(middle)
            with desk.database.unit_of_work() as session:
                by, now = world.actor(session, "member"), database_now(session)
                ending.release(session, int(middle[3:]), reason="done", by=by, now=now)

    desk.get("me", "operator")
    desk.database.after_commit.append(release_the_next)
    found = revoke(desk, {"tenant": "emojis", **FOR_REAL})
    assert refs(found["tickets"]) == [first, last]
    assert found["changed"] == [{"ref": middle, "why": f"{middle} is reverting: there is nothing to revoke."}]
    assert [desk.ticket(ref)["outcome"] for ref in (first, middle, last)] == ["revoked", "released", "revoked"]


def test_many_are_ended_by_several_requests(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocations, "AT_ONCE", 2)
    made = [desk.approved(fields=workload(f"deployment/{name}"))["ref"] for name in ("emoji", "voting", "web")]
    found = revoke(desk, {"tenant": "emojis", **FOR_REAL})
    assert (refs(found["tickets"]), found["more"]) == ([made[2], made[1]], True)
    found = revoke(desk, {"tenant": "emojis", **FOR_REAL})
    assert (refs(found["tickets"]), found["more"]) == ([made[0]], False)
    assert revoke(desk, {"tenant": "emojis", **FOR_REAL})["tickets"] == []


def test_with_a_key_it_answers_what_it_did(desk: Desk) -> None:
    ref, key = desk.active()["ref"], {"Idempotency-Key": "revoke-emojis"}
    first = revoke(desk, {"tenant": "emojis", **FOR_REAL}, headers=key)
    again = desk.post("revocations", {"tenant": "emojis", **FOR_REAL}, "operator", headers=key)
    assert again.get_json() == first
    assert (refs(first["tickets"]), again.headers["Idempotency-Replayed"]) == ([ref], "true")
    other = desk.post("revocations", {"cluster": "practice", **FOR_REAL}, "operator", headers=key)
    assert other.get_json()["type"].endswith("key-reused")


@pytest.mark.parametrize(
    ("scope", "field"),
    [
        ({}, "body"),
        ({"tenant": "emoji"}, "tenant"),
        ({"cluster": "practise"}, "cluster"),
        ({"kind": "encryption"}, "kind"),
        ({"tenant": "emojis", "namespace": "emojivoto"}, "namespace"),
        ({"tenant": "emojis", "dry_run": "no"}, "dry_run"),
    ],
)
def test_what_is_misspelt_ends_nothing_and_says_so(desk: Desk, scope: dict[str, Any], field: str) -> None:
    ref = desk.active()["ref"]
    refused = desk.post("revocations", {**FOR_REAL, **scope}, "operator")
    assert (refused.status_code, set(refused.get_json()["errors"])) == (422, {field})
    assert state(desk, ref) == "active"


def test_a_reason_is_needed(desk: Desk) -> None:
    assert desk.post("revocations", {"tenant": "emojis"}, "operator").status_code == 422
