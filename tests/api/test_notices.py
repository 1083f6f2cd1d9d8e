"""Who was told what, how deliveries went, and how somebody wants to be told, through the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.models import Delivery, Person, Tenant
from portal.notify.sorts import URGENT, Sort
from tests import world
from tests.api.desk import Desk, said


@pytest.fixture
def office(desk: Desk) -> Desk:
    """The desk; the partner has an address, and the tenant a channel."""
    with desk.database.unit_of_work() as session:
        session.execute(update(Person).where(Person.name == "partner").values(email="partner@example.com"))
        session.scalars(select(Tenant).where(Tenant.name == "emojis")).one().channels = ["emojis-chat"]
    return desk


def notices(desk: Desk, ref: str, who: str = "member") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = said(desk.get(f"tickets/{ref}/notices", who))["items"]
    return found


def log(desk: Desk, query: str = "", who: str = "operator") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = said(desk.get(f"deliveries{query}", who))["items"]
    return found


def give_up(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        values = {"given_up_at": datetime.now(UTC), "problem": "The mail server answered 451.", "attempts": 80}
        session.execute(update(Delivery).where(Delivery.channel == "mail").values(**values))


def test_people_of_the_tenant_see_who_was_told_and_no_addresses(office: Desk) -> None:
    ref = office.checked()["ref"]
    (notice,) = notices(office, ref)
    assert (notice["sort"], notice["title"]) == ("waiting-for-you", f"{ref} waits for a decision")
    assert notice["recipients"] == ["emojis", "partner", "partner2"]
    told = {one["recipient"]: (one["channel"], one["state"]) for one in notice["told"]}
    assert told == {
        "emojis": ("emojis-chat", "waiting"),
        "partner": ("mail", "waiting"),
        "partner2": ("mail", "no-channel"),
    }
    assert "@" not in str(notice)
    assert office.get(f"tickets/{ref}/notices", "outsider").status_code == 404


def test_operators_and_auditors_read_the_log_and_nobody_else(office: Desk) -> None:
    office.checked()
    for who, status in (("operator", 200), ("auditor", 200), ("partner", 403), ("owner", 403), ("outsider", 403)):
        assert office.get("deliveries", who).status_code == status
    assert office.get("deliveries", None).status_code == 401


def test_the_log_is_filtered_and_paged(office: Desk) -> None:
    first = office.checked()["ref"]
    second = office.checked(fields=world.exception(inbound="7001"))["ref"]
    assert [one["ref"] for one in log(office)] == [second] * 3 + [first] * 3
    assert {one["ref"] for one in log(office, f"?ticket={first}")} == {first}
    assert {one["recipient"] for one in log(office, "?state=no-channel")} == {"partner2"}
    assert {one["recipient"] for one in log(office, "?channel=emojis-chat")} == {"emojis"}
    answer = office.get("deliveries?limit=4&state=waiting", "auditor")
    assert "next" not in answer.headers.get("Link", "")
    answer = office.get("deliveries?limit=3&state=waiting", "auditor")
    following = answer.headers["Link"].split(";")[0].strip("<>")
    rest = said(office.get(following, "auditor"))["items"]
    assert len(said(answer)["items"]) + len(rest) == 4
    assert office.get("deliveries?state=lost", "operator").status_code == 422
    assert office.get("deliveries?ticket=MD-x", "operator").status_code == 404


def test_a_delivery_that_was_given_up_is_tried_again(office: Desk) -> None:
    office.checked()
    give_up(office)
    (lost, *_) = log(office, "?state=given-up")
    assert (lost["attempts"], lost["problem"]) == (80, "The mail server answered 451.")
    again = office.post(f"deliveries/{lost['id']}/retry", {}, "operator")
    assert (again.status_code, said(again)["state"], said(again)["attempts"]) == (200, "waiting", 0)
    assert said(again)["sent_as"] == lost["sent_as"]


def test_what_arrived_or_never_was_is_not_tried_again(office: Desk) -> None:
    office.checked()
    with office.database.unit_of_work() as session:
        session.execute(update(Delivery).values(delivered_at=datetime.now(UTC)))
    number = log(office)[0]["id"]
    assert office.post(f"deliveries/{number}/retry", {}, "operator").status_code == 409
    for unknown in ("999", "x", "0", "9" * 40):
        assert office.post(f"deliveries/{unknown}/retry", {}, "operator").status_code == 404


def test_preferences(office: Desk) -> None:
    before = said(office.get("me/notifications", "partner"))
    assert (before["digest"], before["muted"], before["digest_hour"]) == (False, [], 7)
    assert {one["name"] for one in before["sorts"]} == set(Sort)
    assert {one["name"] for one in before["sorts"] if one["urgent"]} == URGENT
    wish = {"digest": True, "muted": ["ended", "active", "ended"]}
    after = said(office.send("PUT", "me/notifications", "partner", json=wish))
    assert (after["digest"], after["muted"]) == (True, ["active", "ended"])
    assert said(office.get("me/notifications", "partner"))["muted"] == ["active", "ended"]
    assert said(office.get("me/notifications", "partner2"))["muted"] == []


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"digest": True, "muted": ["break-glass"]}, "muted"),
        ({"digest": True, "muted": ["everything"]}, "muted.0"),
        ({"muted": []}, "digest"),
        ({"digest": "yes", "muted": []}, "digest"),
    ],
)
def test_what_cannot_be_wished(office: Desk, wish: dict[str, Any], field: str) -> None:
    answer = office.send("PUT", "me/notifications", "partner", json=wish)
    assert (answer.status_code, list(said(answer)["errors"])) == (422, [field])


def test_the_metrics_tell_what_is_on_its_way_and_what_was_given_up(office: Desk) -> None:
    office.checked()
    text = office.get("/metrics", None).text
    assert "meshdesk_deliveries_waiting 2.0" in text
    assert "meshdesk_deliveries_given_up 0.0" in text
    give_up(office)
    text = office.get("/metrics", None).text
    assert "meshdesk_deliveries_waiting 1.0" in text
    assert "meshdesk_deliveries_given_up 2.0" in text
    assert "meshdesk_deliveries_oldest_seconds" in text
