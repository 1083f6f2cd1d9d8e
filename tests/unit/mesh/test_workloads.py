"""Reading workloads: references, templates, ports, owners of fields; and the patch that writes annotations."""

from __future__ import annotations

from typing import Any

import pytest

from portal.mesh.annotations import INJECT, MARK, SKIP_INBOUND
from portal.mesh.workloads import (
    PATCHABLE,
    UNSET,
    WorkloadRef,
    annotations_patch,
    container_ports,
    field_owners,
    label_selector_text,
    selector_of,
    template_annotations,
    template_of,
    template_path,
    unpatchable_reason,
)
from tests.unit.mesh.objects import container, cron_job, deployment, template


def test_a_reference_is_kind_and_name() -> None:
    ref = WorkloadRef.parse("deployment/emoji", "emojivoto")
    assert ref == WorkloadRef("deployment", "emojivoto", "emoji") == WorkloadRef.of(deployment())
    assert str(ref) == "deployment/emoji"


@pytest.mark.parametrize(
    "text",
    [
        "emoji",
        "deployment/",
        "/emoji",
        "Deployment/emoji",
        "deployment/Emoji",
        "a/b/c",
        "deployment/-x",
        "",
        "d/" + "x" * 254,
    ],
)
def test_what_is_no_reference_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="like deployment/emoji"):
        WorkloadRef.parse(text, "emojivoto")


def test_the_template_of_a_cron_job_is_inside_its_job() -> None:
    annotated = template(annotations={INJECT: "enabled"})
    for obj in (deployment(pods=annotated), cron_job(pods=annotated)):
        assert template_of(obj) == annotated
        assert template_annotations(obj) == {INJECT: "enabled"}
    assert template_path("cronjob") == ("spec", "jobTemplate", "spec", "template", "metadata", "annotations")


@pytest.mark.parametrize("obj", [{}, {"kind": "Pod", "spec": {}}, {"kind": "Deployment", "spec": {"template": None}}])
def test_where_there_is_no_template_there_is_nothing(obj: dict[str, Any]) -> None:
    assert template_of(obj) == {}
    assert template_annotations(obj) == {}


def test_a_patch_sets_removes_and_locks() -> None:
    patch = annotations_patch("deployment", {SKIP_INBOUND: "8080", INJECT: None}, "MD-1;1", "7")
    assert patch == {
        "metadata": {"resourceVersion": "7", "annotations": {MARK: "MD-1;1"}},
        "spec": {"template": {"metadata": {"annotations": {SKIP_INBOUND: "8080", INJECT: None}}}},
    }


def test_a_patch_of_the_mark_alone_leaves_the_template_untouched() -> None:
    assert annotations_patch("statefulset", {}, None, "7") == {
        "metadata": {"resourceVersion": "7", "annotations": {MARK: None}}
    }


def test_a_patch_may_leave_the_mark_as_it_is() -> None:
    patch = annotations_patch("cronjob", {INJECT: "disabled"}, UNSET, "7")
    assert patch["metadata"] == {"resourceVersion": "7"}
    inner = patch["spec"]["jobTemplate"]["spec"]["template"]
    assert inner == {"metadata": {"annotations": {INJECT: "disabled"}}}


def test_container_ports_are_tcp_of_containers_and_native_sidecars_without_the_proxy() -> None:
    pods = template(
        container("app", 8080, 8081),
        {"name": "udp", "ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 54, "protocol": "TCP"}]},
        container("linkerd-proxy", 4143, 4191),
        {"name": "bare"},
        initContainers=[container("helper", 9000, restartPolicy="Always"), container("setup", 1234)],
    )
    assert str(container_ports(deployment(pods=pods))) == "54,8080-8081,9000"
    assert not container_ports({"kind": "Deployment", "spec": {}})


def test_selectors_become_the_api_s_parameter() -> None:
    selector = {
        "matchLabels": {"b": "2", "a": "1"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["x", "y"]},
            {"key": "zone", "operator": "NotIn", "values": ["z"]},
            {"key": "there", "operator": "Exists"},
            {"key": "gone", "operator": "DoesNotExist"},
        ],
    }
    assert label_selector_text(selector) == "a=1,b=2,tier in (x,y),zone notin (z),there,!gone"
    assert selector_of(deployment()) == {"matchLabels": {"app": "emoji"}}
    assert selector_of(cron_job()) == {}
    assert label_selector_text({}) == ""


@pytest.mark.parametrize("kind", sorted(PATCHABLE))
def test_patchable_kinds_need_no_reason(kind: str) -> None:
    assert unpatchable_reason(kind) is None


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("replicaset", "Deployment"),
        ("job", "CronJob"),
        ("pod", "Deployment"),
        ("service", "ask for one of Deployments"),
    ],
)
def test_other_kinds_say_what_to_do_instead(kind: str, says: str) -> None:
    assert says in str(unpatchable_reason(kind))


def test_owners_of_fields_come_from_managed_fields() -> None:
    path = {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {".": {}, f"f:{SKIP_INBOUND}": {}}}}}}
    obj = deployment()
    obj["metadata"]["managedFields"] = [
        {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": path},
        {"manager": "kube-controller-manager", "subresource": "status", "fieldsV1": {"f:status": {}}},
        {"manager": "argocd-controller", "operation": "Apply", "fieldsV1": path},
        {"manager": "argocd-controller", "operation": "Update", "fieldsV1": path},
        {"manager": "empty"},
    ]
    assert field_owners(obj, [SKIP_INBOUND, INJECT]) == {
        SKIP_INBOUND: ["kubectl-client-side-apply", "argocd-controller"],
        INJECT: [],
    }
    assert field_owners(deployment(), [INJECT]) == {INJECT: []}
