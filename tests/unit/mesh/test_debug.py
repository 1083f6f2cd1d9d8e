"""The debug container: how to use it, and what in a namespace stands against it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, MeshDefaults
from portal.mesh.debug import debug_commands, pods_command
from portal.mesh.debug_findings import debug_findings
from portal.mesh.findings import Finding, Severity
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from tests.unit.mesh.objects import MESHED, container, deployment, template, view

LIMITED = {"metadata": {"name": "calm"}, "spec": {"hard": {"limits.cpu": "4", "requests.memory": "8Gi", "pods": "9"}}}


def level(name: str) -> dict[str, Any]:
    return {"metadata": {**MESHED["metadata"], "labels": {"pod-security.kubernetes.io/enforce": name}}}


def quota(hard: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "calm"}, "spec": {"hard": hard, **spec}}


def limit_range(**item: Any) -> dict[str, Any]:
    return {"metadata": {"name": "mild"}, "spec": {"limits": [{"type": "Container", **item}]}}


def found(seen: InventoryView) -> dict[str, Finding]:
    return {one.code: one for one in debug_findings(seen)}


def severities(seen: InventoryView) -> dict[str, str]:
    return {code: one.severity.value for code, one in found(seen).items()}


def test_the_commands_name_what_the_ticket_is_about() -> None:
    commands = debug_commands("shop-prod", "emojivoto", "deployment/emoji")
    run = "kubectl -n emojivoto exec -it deployment/emoji -c linkerd-debug --"
    assert [one.text for one in commands] == [
        "kubectl -n emojivoto logs deployment/emoji -c linkerd-debug -f",
        f'{run} tshark -i any -f "tcp" -V -Y "http.request"',
        f'{run} tshark -i any -f "tcp port 8080"',
        f"{run.replace(' -it', '')} tcpdump -i any -U -w - 'tcp port 8080' > emoji.pcap",
    ]
    assert "shop-prod" in commands[0].title
    assert json.loads(json.dumps(commands[0].to_json())) == {"title": commands[0].title, "text": commands[0].text}


def test_which_pods_have_the_container_is_one_command() -> None:
    assert pods_command("emojivoto").text == (
        "kubectl -n emojivoto get pods -o 'custom-columns=NAME:.metadata.name,CONTAINERS:.spec.containers[*].name'"
    )


def test_packets_in_logs_are_always_warned_of_and_nothing_else_where_nothing_else_is() -> None:
    assert severities(view()) == {"packets-in-logs": "warning"}


@pytest.mark.parametrize(
    ("name", "cni", "expected"),
    [
        ("restricted", False, {"pod-security-refuses": "blocking"}),
        ("restricted", True, {"pod-security-refuses": "blocking"}),
        ("baseline", False, {"pod-security-baseline": "info"}),
        ("baseline", True, {}),
        ("privileged", False, {}),
    ],
)
def test_the_pod_security_level_that_is_enforced(name: str, cni: bool, expected: dict[str, str]) -> None:
    seen = view(namespace=level(name), defaults=MeshDefaults(cni=cni))
    assert severities(seen) == {"packets-in-logs": "warning", **expected}


def test_levels_that_only_warn_refuse_nothing() -> None:
    labels = {"pod-security.kubernetes.io/warn": "restricted", "pod-security.kubernetes.io/audit": "restricted"}
    assert list(found(view(namespace={"metadata": {**MESHED["metadata"], "labels": labels}}))) == ["packets-in-logs"]


@pytest.mark.parametrize(
    ("hard", "missing"),
    [
        ({"limits.cpu": "4"}, "limits.cpu"),
        ({"cpu": "4", "requests.cpu": "4", "limits.memory": "8Gi"}, "limits.memory, requests.cpu"),
        ({"memory": "1Gi"}, "requests.memory"),
        ({"pods": "9", "requests.storage": "1Ti", "limits.ephemeral-storage": "1Gi"}, None),
    ],
)
def test_a_quota_that_demands_resources_refuses_the_container(hard: dict[str, str], missing: str | None) -> None:
    one = found(view(quotas=(quota(hard),))).get("quota-refuses")
    if missing is None:
        assert one is None
        return
    assert one is not None
    assert one.severity is Severity.BLOCKING
    assert f"ResourceQuota calm demands {missing} of every container" in one.fact


@pytest.mark.parametrize(
    ("limits", "missing"),
    [
        ({"default": {"cpu": "1", "memory": "1Gi"}}, None),
        ({"default": {"cpu": "1"}}, "requests.memory"),
        ({"default": {"cpu": "1"}, "defaultRequest": {"memory": "1Gi"}}, None),
        ({"defaultRequest": {"cpu": "1", "memory": "1Gi"}}, "limits.cpu"),
        ({"type": "Pod", "max": {"cpu": "1", "memory": "1Gi"}}, "limits.cpu, requests.memory"),
    ],
)
def test_the_defaults_of_a_limit_range_meet_a_quota(limits: dict[str, Any], missing: str | None) -> None:
    one = found(view(quotas=(LIMITED,), limits=(limit_range(**limits),))).get("quota-refuses")
    assert (one is None) if missing is None else (one is not None and f"demands {missing} of" in one.fact)


def test_resources_of_the_pod_as_a_whole_meet_a_quota() -> None:
    pods = template(container(), resources={"limits": {"cpu": "2", "memory": "2Gi"}})
    assert "quota-refuses" not in found(view(deployment(pods=pods), quotas=(LIMITED,)))


@pytest.mark.parametrize(
    ("scope", "severity"),
    [
        ({"scopes": ["Terminating"]}, None),
        ({"scopes": ["NotTerminating"]}, "blocking"),
        ({"scopes": ["NotBestEffort"]}, "warning"),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]}}, "warning"),
    ],
)
def test_a_quota_of_some_pods_blocks_only_where_it_surely_counts(scope: dict[str, Any], severity: str | None) -> None:
    assert severities(view(quotas=(quota({"limits.cpu": "4"}, **scope),))).get("quota-refuses") == severity


def test_what_a_limit_range_gives_the_container_is_said() -> None:
    ranges = (limit_range(default={"memory": "1Gi", "cpu": "1"}), limit_range(type="Pod", max={"cpu": "2"}))
    seen = found(view(limits=ranges))
    assert seen["limit-range-default"].fact == "LimitRange mild limits the debug container to 1 cpu and 1Gi memory."
    assert seen["limit-range-pod"].severity is Severity.WARNING


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({}, "limits.cpu, requests.cpu"),
        ({"defaultRequest": {"cpu": "100m"}}, "limits.cpu"),
        ({"default": {"cpu": "1"}}, None),
    ],
)
def test_a_bound_on_the_ratio_of_limit_to_request_needs_defaults(more: dict[str, Any], missing: str | None) -> None:
    one = found(view(limits=(limit_range(maxLimitRequestRatio={"cpu": "2"}, **more),))).get("limit-range-refuses")
    if missing is None:
        assert one is None
        return
    assert one is not None
    assert one.severity is Severity.BLOCKING
    assert one.fact == f"LimitRange mild bounds the ratio of limit to request, and gives no {missing}."


@pytest.mark.parametrize(
    ("own", "around", "others", "says"),
    [
        ({DEBUG_SIDECAR: "1"}, {}, False, "its owner set it"),
        ({}, {DEBUG_SIDECAR: "true"}, False, "its owner set it"),
        ({DEBUG_SIDECAR: "true"}, {}, True, "Another live ticket has it there"),
    ],
)
def test_a_debug_container_that_is_there_already_is_said(
    own: dict[str, str], around: dict[str, str], others: bool, says: str
) -> None:
    namespace = {"metadata": {"name": "emojivoto", "annotations": {INJECT: "enabled", **around}}}
    other = Want.of_setting(DEBUG_SIDECAR) if others else Want()
    seen = view(deployment(pods=template(annotations=own)), namespace=namespace, others=other, quotas=(LIMITED,))
    assert severities(seen) == {"packets-in-logs": "warning", "debug-already-there": "info"}
    assert says in found(seen)["debug-already-there"].meaning
