"""Clusters, namespaces, workloads, kinds and the person: what the web process knows without asking a cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from portal.db import database_now
from portal.kinds.registry import KINDS
from portal.mesh.annotations import INJECT, KEYS, SKIP_INBOUND, SKIP_OUTBOUND
from portal.models import InventoryCluster, InventoryNamespace
from tests.api.desk import Desk


def workloads(desk: Desk) -> dict[str, Any]:
    """The workloads of emojivoto by their references."""
    shown = desk.get("clusters/practice/inventory?namespace=emojivoto").get_json()
    return {workload["workload"]: workload for workload in shown["workloads"]}


def test_a_workload_shows_ports_effective_values_and_their_source(desk: Desk) -> None:
    web = workloads(desk)["deployment/web"]
    assert (web["meshed"], web["why_not"], web["patchable"], web["instead"]) == (True, [], True, None)
    assert web["container_ports"] == [8080]
    shown = web["annotations"]
    assert set(shown) == set(KEYS)
    assert {key: shown[key] for key in (SKIP_INBOUND, SKIP_OUTBOUND, INJECT)} == {
        "config.linkerd.io/skip-inbound-ports": {"value": "4567,4568", "source": "control plane default"},
        "config.linkerd.io/skip-outbound-ports": {"value": "443", "source": "pod template"},
        "linkerd.io/inject": {"value": "enabled", "source": "namespace"},
    }


def test_an_unmeshed_workload_says_exactly_why(desk: Desk) -> None:
    outside = workloads(desk)["deployment/outside"]
    assert outside["meshed"] is False
    assert [reason["code"] for reason in outside["why_not"]] == ["injection_disable_annotation_present"]


def test_what_cannot_be_changed_says_what_to_do_instead(desk: Desk) -> None:
    found = workloads(desk)
    assert {name for name, workload in found.items() if not workload["patchable"]} == {
        "replicaset/lonely",
        "job/migrate",
        "pod/shell",
    }
    assert "CronJob" in found["job/migrate"]["instead"]
    assert found["deployment/frozen"]["blockers"]
    assert found["cronjob/report"]["patchable"]


def test_the_inventory_says_how_old_it_is(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        seen = database_now(session) - timedelta(minutes=5)
        session.execute(update(InventoryCluster).values(seen_at=seen, problem="The API server is away."))
    shown = desk.get("clusters/practice/inventory?namespace=emojivoto").get_json()
    assert 300 <= shown["age_seconds"] < 330
    assert shown["problem"] == "The API server is away."
    assert shown["seen_at"].endswith("Z")


def test_a_namespace_that_workers_have_not_seen_is_empty(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        session.execute(delete(InventoryNamespace).where(InventoryNamespace.name == "emojivoto"))
    assert desk.get("clusters/practice/inventory?namespace=emojivoto").get_json()["workloads"] == []


@pytest.mark.parametrize("path", ["practice/inventory?namespace={}", "elsewhere/inventory?namespace={}"])
def test_a_foreign_namespace_answers_like_an_unknown_one(desk: Desk, path: str) -> None:
    foreign, unknown = (desk.get(f"clusters/{path.format(name)}") for name in ("bookstore", "nowhere"))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_json()["detail"].replace("bookstore", "nowhere") == unknown.get_json()["detail"]


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("member", ["playground", "practice"]),
        ("outsider", ["practice"]),
        ("auditor", ["playground", "practice"]),
    ],
)
def test_clusters_are_those_with_namespaces_of_mine(desk: Desk, who: str, expected: list[str]) -> None:
    found = desk.get("clusters", who).get_json()["items"]
    assert [cluster["name"] for cluster in found] == expected
    assert found[-1]["environment"] == "production"
    assert found[-1]["age_seconds"] >= 0


def test_namespaces_are_mine(desk: Desk) -> None:
    assert desk.get("clusters/practice/namespaces").get_json()["items"] == [
        {"name": "emojivoto", "tenant": "emojis", "environment": "production"}
    ]
    assert desk.get("clusters/playground/namespaces", "outsider").status_code == 404
    assert len(desk.get("clusters/practice/namespaces", "operator").get_json()["items"]) == 2


def test_me_names_tenants_and_roles(desk: Desk) -> None:
    assert desk.get("me", "partner").get_json() == {
        "name": "partner",
        "title": "The partner",
        "tenants": [{"name": "emojis", "title": "Emojis", "roles": ["security-partner"], "via": {}}],
        "platform_roles": [],
        "via": {},
        "groups": [],
        "scopes": ["decide", "operate", "read", "request"],
    }
    assert desk.get("me", "operator").get_json()["platform_roles"] == ["platform-operator"]


def test_kinds_have_the_schema_of_their_fields(desk: Desk) -> None:
    assert [kind["name"] for kind in desk.get("kinds").get_json()["items"]] == sorted(KINDS)
    schema = desk.get("kinds/encryption-exception").get_json()["schema"]
    assert set(schema["required"]) == {"workloads", "mode", "application_encryption"}
    assert schema["additionalProperties"] is False
    assert schema["properties"]["mode"]["enum"] == ["skip-ports", "disable-injection"]
    assert desk.get("kinds/no-such-kind").status_code == 404
