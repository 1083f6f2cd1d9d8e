"""The guard by the API: modes of one's own namespaces, manifests for operators, and their word that it be applied."""

from __future__ import annotations

from sqlalchemy import select

from portal.db import database_now
from portal.models import Cluster, Event, GuardState, Message, Namespace
from tests.api.desk import Desk

WHERE = "clusters/practice/guard"
LATE = {"namespace": "emojivoto", "workload": "deployment/emoji", "ticket": "MD-7", "until": None, "text": "x"}


def switch(desk: Desk, mode: str = "warn") -> None:
    with desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").guard = mode
        owned = select(Namespace).where(Namespace.cluster == "practice", Namespace.name == "bookstore")
        session.scalars(owned).one().guard = "deny"


def test_off_it_is_shown_as_that_and_cannot_be_applied(desk: Desk) -> None:
    found = desk.get(WHERE).get_json()
    assert (found["on"], found["namespaces"]) == (False, [{"namespace": "emojivoto", "mode": "off"}])
    refused = desk.post(f"{WHERE}/apply", {}, "operator")
    assert refused.status_code == 409
    assert "off in the registry" in refused.get_json()["detail"]


def test_people_see_the_modes_of_their_own_namespaces_and_what_is_late_there(desk: Desk) -> None:
    switch(desk)
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        session.add(GuardState(cluster="practice", tried_at=now, in_step_at=now, lines=[LATE]))
    mine, theirs = desk.get(WHERE).get_json(), desk.get(WHERE, "outsider").get_json()
    assert mine["namespaces"] == [{"namespace": "emojivoto", "mode": "warn"}]
    assert theirs["namespaces"] == [{"namespace": "bookstore", "mode": "deny"}]
    assert ([one["ticket"] for one in mine["late"]], theirs["late"]) == (["MD-7"], [])
    assert mine["in_step"] is True
    assert len(desk.get(WHERE, "auditor").get_json()["namespaces"]) == 2
    assert desk.get("clusters/playground/guard", "outsider").status_code == 404
    assert desk.get("clusters/nowhere/guard", "operator").status_code == 404


def test_an_operator_has_it_applied(desk: Desk) -> None:
    switch(desk)
    asked = desk.post(f"{WHERE}/apply", {}, "operator").get_json()
    assert (asked["waiting"], asked["asked_by"], asked["in_step"]) == (True, "operator", False)
    assert desk.post(f"{WHERE}/apply", {}, "operator").status_code == 200
    assert desk.post(f"{WHERE}/apply", {"now": 1}, "operator").status_code == 422
    assert desk.post("clusters/nowhere/guard/apply", {}, "operator").status_code == 404
    with desk.database.reading() as session:
        waiting = select(Message.subject).where(Message.task == "meshdesk.guard", Message.taken_at.is_(None))
        assert session.scalars(waiting).all() == ["practice"]
        told = select(Event.actor).where(Event.type == "guard:asked")
        assert session.scalars(told).all() == ["operator", "operator"]


def test_manifests_have_what_live_tickets_allow(desk: Desk) -> None:
    switch(desk)
    ref = desk.active()["ref"]
    objects = desk.get(f"{WHERE}/manifests", "auditor").get_json()["objects"]
    (held,) = [one for one in objects if one["kind"] == "ConfigMap"]
    assert f" {ref} " in held["data"]["emojivoto"]
    assert [one["metadata"]["name"] for one in objects if one["kind"].endswith("Binding")][-1].endswith("-deny")
    assert desk.get("clusters/nowhere/guard/manifests", "operator").status_code == 404
