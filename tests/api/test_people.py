"""People as operators see them, and what becomes of somebody who is deactivated, brought back or unbound."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import audit, queries
from portal.access import web_sessions
from portal.access.web_sessions import Lifetime
from portal.db import database_now
from portal.models import Person
from tests import world
from tests.api.desk import Desk

WHY = {"reason": "has left the company"}
LIFETIME = Lifetime(timedelta(hours=12), timedelta(hours=2))


def bind(desk: Desk, name: str) -> None:
    """Have somebody signed in by the identity provider, with a browser."""
    with desk.database.unit_of_work() as session:
        person, now = session.scalars(select(Person).where(Person.name == name)).one(), database_now(session)
        person.issuer, person.subject, person.seen_at = "https://login.example.org", f"s-{name}", now
        web_sessions.begin(session, person.id, way="openid-connect", now=now, lifetime=LIFETIME)


def sessions(desk: Desk, name: str) -> int:
    with desk.database.reading() as session:
        person = session.scalars(select(Person).where(Person.name == name)).one()
        return len(web_sessions.of_person(session, person.id, now=database_now(session), lifetime=LIFETIME))


def listed(desk: Desk, name: str, who: str = "operator") -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in desk.get("people", who).get_json()["items"] if one["name"] == name)
    return found


@pytest.mark.parametrize(
    ("who", "status"),
    [("operator", 200), ("auditor", 200), ("owner", 403), ("member", 403), ("partner", 403), (None, 401)],
)
def test_operators_and_auditors_read_who_there_is(desk: Desk, who: str | None, status: int) -> None:
    assert desk.get("people", who).status_code == status


def test_everybody_is_listed_by_pages(desk: Desk) -> None:
    found, path = [], "people?limit=4"
    while path:
        answer = desk.get(path, "operator")
        found += [one["name"] for one in answer.get_json()["items"]]
        path = answer.headers["Link"].split(">")[0][1:] if "Link" in answer.headers else ""
    assert sorted(found) == sorted(world.ROLES)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=OUTSIDER", ["outsider_partner", "outsider"]),
        ("search=The%20owner", ["owner"]),
        ("search=%25", []),
        ("state=deactivated", ["member2"]),
        ("state=gone", ["partner2"]),
        ("state=may-act&search=2", ["operator2"]),
        ("source=service", []),
    ],
)
def test_people_are_narrowed_down(desk: Desk, query: str, found: list[str]) -> None:
    desk.post("people/member2/deactivate", WHY, "operator")
    with desk.database.unit_of_work() as session:
        session.scalars(select(Person).where(Person.name == "partner2")).one().active = False
    answer = desk.get(f"people?{query}", "operator")
    assert [one["name"] for one in answer.get_json()["items"]] == found


def test_who_is_deactivated_is_out_at_once(desk: Desk) -> None:
    bind(desk, "partner")
    answer = desk.post("people/partner/deactivate", WHY, "operator")
    assert (answer.status_code, answer.get_json()["may_act"]) == (200, False)
    assert desk.get("me", "partner").status_code == 401
    assert sessions(desk, "partner") == 0
    waits = desk.checked()["waiting_for"]
    assert [need["people"] for need in waits] == [["partner2"]]
    seen = listed(desk, "partner")
    assert (seen["deactivated_by"], seen["deactivated_reason"]) == ("operator", WHY["reason"])
    assert desk.post("people/partner/activate", {"reason": "a mistake"}, "operator").get_json()["may_act"] is True
    assert desk.get("me", "partner").status_code == 200
    assert sessions(desk, "partner") == 0


def test_the_trail_tells_of_it(desk: Desk) -> None:
    bind(desk, "member")
    for verb in ("deactivate", "activate", "unbind"):
        assert desk.post(f"people/member/{verb}", WHY, "operator").status_code == 200
    with desk.database.reading() as session:
        told = [(one.type, one.actor, one.payload) for one in queries.events(session, audit.SYSTEM_CHAIN)]
        assert list(audit.verify(session)) == []
    who = {"person": "member", **WHY}
    assert told == [
        ("person:deactivated", "operator", {**who, "sessions": 1, "tickets": []}),
        ("person:activated", "operator", who),
        ("person:unbound", "operator", {**who, "issuer": "https://login.example.org", "subject": "s-member"}),
    ]


def test_what_does_not_fit_is_refused(desk: Desk) -> None:
    assert desk.post("people/nobody/deactivate", WHY, "operator").status_code == 404
    assert desk.post("people/member/deactivate", {}, "operator").status_code == 422
    assert desk.post("people/member/activate", WHY, "operator").status_code == 409
    assert desk.post("people/member/unbind", WHY, "operator").status_code == 409
    assert desk.post("people/operator/deactivate", WHY, "operator").status_code == 403
    desk.post("people/member/deactivate", WHY, "operator")
    again = desk.post("people/member/deactivate", WHY, "operator2")
    assert again.status_code == 409
    assert f"by operator: {WHY['reason']}" in again.get_json()["detail"]


def test_an_unbound_person_is_signed_in_nowhere(desk: Desk) -> None:
    bind(desk, "member")
    answer = desk.post("people/member/unbind", WHY, "operator").get_json()
    assert (answer["issuer"], answer["subject"], answer["may_act"]) == (None, None, True)
    assert sessions(desk, "member") == 0
