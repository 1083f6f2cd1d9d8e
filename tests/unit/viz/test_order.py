"""In which order Viz is created and removed, and why a wait is not over."""

from __future__ import annotations

from typing import Any

import pytest

from portal.mesh.objects import ObjectRef, resource_of
from portal.mesh.viz.bundle import Bundle, read_bundle
from portal.mesh.viz.order import LABELLED, Stage, Wait, creation_stages, removal_stages, unmet
from portal.mesh.viz.tap import Subject, tap_objects
from tests.unit.viz.bundles import fixture, objects, practice, seen, text


def stage(name: str, bundle: Bundle | None = None) -> Stage:
    return next(one for one in creation_stages(bundle or practice()) if one.name == name)


def test_everything_is_created_once_in_an_order_that_stands() -> None:
    stages = creation_stages(practice())
    assert [(one.name, one.waits) for one in stages] == [
        ("namespace", Wait.NAMESPACE_ACTIVE),
        ("accounts", Wait.NOTHING),
        ("bindings", Wait.NOTHING),
        ("policies", Wait.NOTHING),
        ("services", Wait.NOTHING),
        ("workloads", Wait.PODS_AVAILABLE),
        ("api", Wait.API_AVAILABLE),
        ("webhook", Wait.NOTHING),
    ]
    created = [ObjectRef.of(obj) for one in stages for obj in one.objects]
    assert sorted(created) == sorted(ObjectRef.of(obj) for obj in practice().objects)


def test_a_kind_that_no_stage_names_comes_before_the_pods_that_may_need_it() -> None:
    metadata = {"name": "tap", "namespace": "linkerd-viz", "labels": {"linkerd.io/extension": "viz"}}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata}
    found = stage("workloads", read_bundle({"viz.yaml": text([*objects(), budget])}))
    assert [obj["kind"] for obj in found.objects] == ["PodDisruptionBudget", *["Deployment"] * 5]


def ready(**status: Any) -> dict[str, Any]:
    return {"availableReplicas": 1, "observedGeneration": 1, **status}


def condition(type_: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"conditions": [{"type": type_, "status": status, "reason": reason, "message": message}]}


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("namespace", {"phase": "Active"}, None),
        ("namespace", {"phase": "Terminating"}, "Namespace linkerd-viz is not active (Terminating)."),
        ("workloads", ready(), None),
        ("workloads", {}, "Deployment tap in linkerd-viz has 0 of 1 pods ready."),
        (
            "workloads",
            condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota."),
            "Deployment tap in linkerd-viz has 0 of 1 pods ready (FailedCreate: exceeded quota).",
        ),
        ("api", condition("Available", "True"), None),
        (
            "api",
            condition("Available", "False", "FailedDiscoveryCheck", "no response from 10.0.0.1"),
            "APIService v1alpha1.tap.linkerd.io is not Available: FailedDiscoveryCheck: no response from 10.0.0.1.",
        ),
        ("api", {}, "APIService v1alpha1.tap.linkerd.io is not Available: the API server has not looked at it yet."),
        ("webhook", {}, None),
    ],
)
def test_a_wait_says_what_it_waits_for(name: str, status: dict[str, Any], said: str | None) -> None:
    one = stage(name)
    kinds = {obj["kind"]: status for obj in one.objects}
    found = unmet(one, seen(practice(), **kinds))
    assert found == [] if said is None else said in found


def test_what_is_not_there_is_waited_for() -> None:
    assert unmet(stage("api"), {}) == ["APIService v1alpha1.tap.linkerd.io is not there."]


def test_a_change_that_its_controller_has_not_seen_is_waited_for() -> None:
    found = seen(practice(), Deployment=ready())
    tap = ObjectRef("apps/v1", "Deployment", "linkerd-viz", "tap")
    found[tap] = {**found[tap], "metadata": {**found[tap]["metadata"], "generation": 2}}
    assert unmet(stage("workloads"), found) == [f"{tap} has not been looked at by its controller yet."]


def refs() -> list[ObjectRef]:
    tap = tap_objects("MD-7", "emojivoto", "linkerd-viz", [Subject("User", "member")])
    scrapes = [
        ObjectRef("policy.linkerd.io/v1alpha1", "AuthorizationPolicy", "emojivoto", "prometheus-scrape"),
        ObjectRef("policy.linkerd.io/v1beta3", "Server", "emojivoto", "proxy-admin"),
        ObjectRef("policy.linkerd.io/v1beta3", "HTTPRoute", "emojivoto", "proxy-metrics"),
    ]
    return [*(ObjectRef.of(obj) for obj in (*practice().objects, *tap)), *scrapes]


def test_removal_strands_no_api_service_and_takes_the_namespace_last() -> None:
    stages = removal_stages(refs(), "linkerd-viz")
    kinds = [sorted({ref.kind for ref in one}) for one in stages]
    assert kinds[:2] == [["MutatingWebhookConfiguration"], ["APIService"]]
    assert kinds[2:5] == [["Server"], ["HTTPRoute"], ["AuthorizationPolicy"]]
    assert {(ref.kind, ref.namespace) for one in stages[2:5] for ref in one} == {
        ("Server", "emojivoto"),
        ("HTTPRoute", "emojivoto"),
        ("AuthorizationPolicy", "emojivoto"),
    }
    assert {(ref.namespace, ref.kind) for one in stages[5:7] for ref in one} == {
        ("emojivoto", "RoleBinding"),
        ("kube-system", "RoleBinding"),
        ("linkerd", "RoleBinding"),
        ("linkerd", "Role"),
    }
    assert kinds[7:9] == [["ClusterRoleBinding"], ["ClusterRole"]]
    assert {ref.namespace for one in stages[9:-1] for ref in one} == {"linkerd-viz"}
    assert stages[-1] == [ObjectRef("v1", "Namespace", "", "linkerd-viz")]
    assert sorted(ref for one in stages for ref in one) == sorted(refs())


def test_an_order_of_nothing_is_nothing() -> None:
    assert removal_stages([], "linkerd-viz") == []


@pytest.mark.parametrize("name", [None, pytest.param("viz.yaml", marks=pytest.mark.rendering)])
def test_every_kind_of_a_bundle_is_looked_for_by_its_label(name: str | None) -> None:
    found = read_bundle({name: fixture(name)}) if name else practice()
    kinds = {kind for _, kind in LABELLED}
    assert {obj["kind"] for obj in found.objects} <= kinds
    assert all(resource_of(*one) for one in LABELLED)
