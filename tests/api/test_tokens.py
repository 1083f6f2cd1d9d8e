"""Tokens and services through the API: shown once, stored hashed, never wider than what made them, told and ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import audit, queries
from portal.access import tokens
from portal.db import database_now
from portal.models import ApiToken, IdempotentAnswer, Person
from tests import world
from tests.api.desk import Desk, said

TERMS = {"name": "nightly report", "scopes": ["read", "request"], "lifetime": "P30D"}
ROBOT = {"name": "robot", "title": "Deploys the emojis", "roles": ["tenant-owner"]}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def made(desk: Desk, who: str = "member", path: str = "tokens", **changes: Any) -> dict[str, Any]:
    answer = desk.post(path, {**TERMS, **changes}, who)
    assert answer.status_code == 201, answer.text
    return said(answer)


def note_use(desk: Desk, token: dict[str, Any]) -> None:
    """What sign-in does once a minute for each number of a token; the application is that of other tests too."""
    with desk.database.unit_of_work() as session:
        tokens.note_use(session, token["id"], now=database_now(session))


def told(desk: Desk) -> list[tuple[str, str, dict[str, Any] | None]]:
    with desk.database.reading() as session:
        return [(one.type, one.actor, one.payload) for one in queries.events(session, audit.SYSTEM_CHAIN)]


def test_a_token_is_shown_once_and_stored_hashed(desk: Desk) -> None:
    token = made(desk)
    assert (token["person"], token["scopes"], token["last_used_at"]) == ("member", ["read", "request"], None)
    with desk.database.reading() as session:
        row = session.get_one(ApiToken, token["id"])
        assert row.digest == tokens.digest_of(token["token"])
    me = said(desk.get("me", None, headers=bearer(token["token"])))
    assert (me["name"], me["scopes"]) == ("member", ["read", "request"])
    note_use(desk, token)
    listed = desk.get("tokens")
    assert token["token"] not in listed.text
    found = said(listed)["items"]
    assert [one["name"] for one in found] == ["nightly report", "tests"]
    assert found[0]["last_used_at"] is not None
    assert "token" not in found[0]


def test_it_works_until_it_is_revoked_and_both_are_told(desk: Desk) -> None:
    token = made(desk)
    gone = said(desk.post(f"tokens/{token['id']}/revoke"))
    assert gone["revoked_at"] is not None
    assert desk.get("me", None, headers=bearer(token["token"])).status_code == 401
    assert desk.post(f"tokens/{token['id']}/revoke").status_code == 409
    payload = {"token": token["id"], "person": "member", "name": "nightly report", "scopes": ["read", "request"]}
    assert told(desk) == [("token:made", "member", payload), ("token:revoked", "member", payload)]


def test_a_token_makes_none_that_may_more(desk: Desk) -> None:
    narrow = bearer(made(desk)["token"])
    wider = desk.post("tokens", {**TERMS, "scopes": ["decide"]}, None, headers=narrow)
    assert (wider.status_code, "lacks the scope `decide`" in wider.get_json()["detail"]) == (403, True)
    assert desk.post("tokens", {**TERMS, "scopes": ["request"]}, None, headers=narrow).status_code == 201
    reading = bearer(made(desk, scopes=["read"])["token"])
    assert desk.post("tokens", {**TERMS, "scopes": ["read"]}, None, headers=reading).status_code == 403


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lifetime": "P91D"}, "lifetime"),
        ({"lifetime": None}, "lifetime"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes.0"),
        ({"name": " "}, "name"),
    ],
)
def test_a_token_that_cannot_be(desk: Desk, changes: dict[str, Any], field: str) -> None:
    answer = desk.post("tokens", {**TERMS, **changes})
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])


def test_an_end_is_needed(desk: Desk) -> None:
    without = {name: value for name, value in TERMS.items() if name != "lifetime"}
    assert "lifetime" in desk.post("tokens", without).get_json()["errors"]


def test_the_answer_that_is_kept_for_a_key_holds_no_token(desk: Desk) -> None:
    headers = {"Idempotency-Key": "one"}
    first = said(desk.post("tokens", TERMS, headers=headers))
    again = desk.post("tokens", TERMS, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_json() == {**first, "token": None}
    with desk.database.reading() as session:
        kept = session.scalars(select(IdempotentAnswer.body)).one()
    assert first["token"] not in kept


def test_another_person_s_token_is_not_there(desk: Desk) -> None:
    number = made(desk)["id"]
    assert desk.post(f"tokens/{number}/revoke", None, "owner").status_code == 404
    for unknown in ("999999", "x", "9" * 60, "²"):
        assert desk.post(f"tokens/{unknown}/revoke").status_code == 404


def test_operators_list_and_end_any(desk: Desk) -> None:
    number = made(desk)["id"]
    assert desk.get("tokens?whose=everybody", "member").status_code == 403
    first = desk.get("tokens?whose=everybody&limit=3", "operator")
    assert said(first)["items"][0]["id"] == number
    following = desk.get(first.headers["Link"].split(">")[0].lstrip("<"), "operator")
    assert said(following)["items"][0]["id"] == number - 3
    assert said(desk.post(f"tokens/{number}/revoke", None, "operator"))["revoked_at"]
    assert told(desk)[-1][:2] == ("token:revoked", "operator")


def test_tokens_are_narrowed_down(desk: Desk) -> None:
    over, _ = made(desk, name="over"), made(desk, name="working")
    desk.post(f"tokens/{over['id']}/revoke")
    with desk.database.unit_of_work() as session:
        of_owner = select(ApiToken).join(Person).where(ApiToken.name == "tests", Person.name == "owner")
        ended = session.scalars(of_owner).one()
        ended.expires_at = database_now(session) - timedelta(seconds=1)

    def names(query: str, who: str = "member") -> list[str]:
        return [one["name"] for one in desk.get(f"tokens?{query}", who).get_json()["items"]]

    assert names("state=working") == ["working", "tests"]
    assert names("state=over") == ["over"]
    assert names("person=owner") == []
    everybody = desk.get("tokens?whose=everybody&state=over", "operator").get_json()["items"]
    assert [(one["person"], one["name"]) for one in everybody] == [("member", "over"), ("owner", "tests")]
    assert desk.get("tokens?state=lost").status_code == 422


def test_a_service_acts_with_a_role_of_its_owner(desk: Desk) -> None:
    service = said(desk.post("tenants/emojis/services", ROBOT, "owner"))
    assert (service["acts_as"], service["owner"], service["roles_now"]) == ("emojis/robot", "owner", ["tenant-owner"])
    token = made(desk, "owner", "tenants/emojis/services/robot/tokens", scopes=["request"])
    assert token["person"] == "emojis/robot"
    asked = desk.post("tickets", world.ask(), None, headers=bearer(token["token"]))
    assert (asked.status_code, asked.get_json()["requester"]) == (201, "emojis/robot")
    note_use(desk, token)
    (listed,) = said(desk.get("tenants/emojis/services", "member2"))["items"]
    assert listed["last_used_at"] is not None
    assert token["id"] in {one["id"] for one in said(desk.get("tokens", "owner"))["items"]}
    types = [(one[0], one[1]) for one in told(desk)]
    assert types == [("service:made", "owner"), ("token:made", "owner")]


def test_a_service_makes_neither_tokens_nor_services(desk: Desk) -> None:
    desk.post("tenants/emojis/services", ROBOT, "owner")
    path = "tenants/emojis/services/robot/tokens"
    robot = bearer(made(desk, "owner", path, scopes=["request", "operate"])["token"])
    for where, body in (("tokens", TERMS), ("tenants/emojis/services", {**ROBOT, "name": "other"}), (path, TERMS)):
        answer = desk.post(where, body, None, headers=robot)
        assert (answer.status_code, "its owner does" in answer.get_json()["detail"]) == (403, True)


def test_only_its_owner_makes_its_tokens_and_only_of_roles_that_they_have(desk: Desk) -> None:
    desk.post("tenants/emojis/services", ROBOT, "owner")
    other = desk.post("tenants/emojis/services/robot/tokens", TERMS, "partner")
    assert (other.status_code, "belongs to owner" in other.get_json()["detail"]) == (403, True)
    wider = desk.post("tenants/emojis/services", {**ROBOT, "name": "two", "roles": ["security-partner"]}, "owner")
    assert (wider.status_code, list(wider.get_json()["errors"])) == (422, ["roles"])
    assert (
        desk.post("tenants/emojis/services", {**ROBOT, "roles": ["platform-operator"]}, "operator").status_code == 422
    )


def test_a_service_that_is_removed_works_no_more_and_its_name_is_not_used_again(desk: Desk) -> None:
    desk.post("tenants/emojis/services", ROBOT, "owner")
    token = made(desk, "owner", "tenants/emojis/services/robot/tokens")["token"]
    assert desk.post("tenants/emojis/services/robot/remove", None, "operator").status_code == 200
    assert desk.get("me", None, headers=bearer(token)).status_code == 401
    assert said(desk.get("tenants/emojis/services", "owner"))["items"] == []
    assert desk.post("tenants/emojis/services/robot/remove", None, "owner").status_code == 404
    assert list(desk.post("tenants/emojis/services", ROBOT, "owner").get_json()["errors"]) == ["name"]
    assert [one[0] for one in told(desk)] == ["service:made", "token:made", "token:revoked", "service:removed"]


def test_services_of_another_tenant_are_not_there(desk: Desk) -> None:
    for tenant in ("emojis", "nowhere"):
        assert desk.get(f"tenants/{tenant}/services", "outsider_partner").status_code == 404
        assert desk.post(f"tenants/{tenant}/services", ROBOT, "outsider_partner").status_code == 404
