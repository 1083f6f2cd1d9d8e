"""Egress policies over the API: the preview shows the very policy and what is found, from the inventory alone."""

from __future__ import annotations

from typing import Any

import pytest

from portal.models import InventoryObject
from tests import world
from tests.api.desk import Desk, said

NAME = "allow-linkerd-control-plane-egress"


def asking(*namespaces: str, **fields: Any) -> dict[str, Any]:
    """The body of a request for these namespaces, without an end."""
    body = world.ask(kind="control-plane-egress", fields={"namespaces": list(namespaces or ("emojivoto",)), **fields})
    return {key: value for key, value in body.items() if key not in ("namespace", "duration")}


def isolated(desk: Desk) -> None:
    """The inventory has a policy of the tenant's that isolates every pod."""
    spec = {"podSelector": {}, "policyTypes": ["Egress"]}
    obj = {"metadata": {"name": "deny", "namespace": "emojivoto"}, "spec": spec}
    with desk.database.unit_of_work() as session:
        row = InventoryObject(cluster="practice", kind="NetworkPolicy", namespace="emojivoto", name="deny", object=obj)
        session.add(row)


def previewed(desk: Desk, **fields: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """A preview's one target, and its findings' severity by code."""
    answer = desk.post("tickets/preview", asking(**fields))
    assert answer.status_code == 200, answer.text
    [target] = said(answer)["targets"]
    return target, {one["code"]: one["severity"] for one in target["findings"]}


def test_the_preview_shows_the_policy_and_that_nobody_has_to_approve_it(desk: Desk) -> None:
    isolated(desk)
    target, found = previewed(desk)
    assert (target["workload"], target["namespace"], target["effective"]) == ("egress/emojivoto", "emojivoto", {})
    [(name, manifest)] = target["change"]["after"].items()
    assert name == f"NetworkPolicy {NAME}-md-0 in emojivoto"
    assert manifest["spec"]["policyTypes"] == ["Egress"]
    assert f"+  name: {NAME}-md-0" in target["change"]["unified"].splitlines()
    assert "blocking" not in found.values()
    whole = said(desk.post("tickets/preview", asking()))
    assert (whole["rule"], whole["waiting_for"], whole["seen_at"] is not None) == ("control-plane-egress", [], True)


def test_the_preview_says_when_the_policy_alone_would_isolate(desk: Desk) -> None:
    assert previewed(desk)[1]["no-egress-policy"] == "blocking"
    target, found = previewed(desk, if_alone="allow-everything-else")
    assert "blocking" not in found.values()
    assert found["everything-else-allowed"] == "info"
    [manifest] = target["change"]["after"].values()
    assert manifest["spec"]["egress"][-1] == {}


def test_it_is_asked_without_an_end_and_shows_how_to_see_it_once_it_is_open(desk: Desk) -> None:
    isolated(desk)
    answer = desk.post("tickets", asking())
    assert answer.status_code == 201, answer.text
    ticket = said(answer)
    assert (ticket["cluster"], ticket["namespace"], ticket["duration"], ticket["usage"]) == ("practice", None, None, [])
    assert [(one["workload"], one["namespace"]) for one in ticket["targets"]] == [("egress/emojivoto", "emojivoto")]
    assert [one["ref"] for one in said(desk.get("tickets?namespace=emojivoto"))["items"]] == [ticket["ref"]]
    again = desk.post("tickets", asking())
    assert again.status_code == 409
    assert ticket["ref"] in said(again)["detail"]


@pytest.mark.parametrize("namespace", ["bookstore", "nowhere"])
def test_unknown_namespaces_and_those_of_others_answer_alike(desk: Desk, namespace: str) -> None:
    answer = desk.post("tickets/preview", asking("emojivoto", namespace))
    assert answer.status_code == 404
    assert f"No namespace {namespace} on cluster practice belongs to a tenant of yours." in answer.text


def test_its_namespaces_are_fields_of_its_own(desk: Desk) -> None:
    answer = desk.post("tickets/preview", {**asking(), "namespace": "emojivoto"})
    assert answer.status_code == 422
    assert "The fields of this kind name its namespaces" in answer.text
    assert desk.post("tickets/preview", {**asking(), "fields": {}}).status_code == 422
