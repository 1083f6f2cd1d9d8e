"""What preflight finds about the rollout: quotas, bounds, autoscalers, and the pods that run and their lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portal.mesh.annotations import INJECT, SKIP_INBOUND, MeshDefaults
from portal.mesh.findings import Finding
from portal.mesh.impact import workload_findings
from portal.mesh.injection import inject, why_not_injected
from portal.mesh.near import Near
from portal.mesh.pods import pod_facts
from portal.mesh.ports import Ports
from portal.mesh.quantities import quantity
from portal.mesh.want import Want
from tests.unit.mesh.near_objects import (
    autoscaler,
    quota,
)
from tests.unit.mesh.objects import MESHED, container, deployment, template, view

SKIP = Want(skip_inbound=Ports.of(8080))
OFF = Want.of_setting(INJECT)


def found(want: Want, near: Near | None = None, **seen: Any) -> dict[str, Finding]:
    obj = seen.pop("obj", None)
    return {one.code: one for one in workload_findings(view(obj, near=near or Near(), **seen), want)}


@pytest.mark.parametrize(
    ("replicas", "hard", "used", "full"),
    [
        (3, {"pods": "3"}, {"pods": "3"}, "pods 3 of 3"),
        (3, {"pods": "4"}, {"pods": "3"}, None),
        (3, {"requests.cpu": "1"}, {"requests.cpu": "950m"}, "requests.cpu 950m of 1"),
        (3, {"memory": "1Gi"}, {"memory": "900Mi"}, "memory 900Mi of 1Gi"),
        (3, {"limits.memory": "1Gi"}, {"limits.memory": "100Mi"}, None),
        (0, {"pods": "3"}, {"pods": "3"}, None),
    ],
)
def test_a_quota_without_room_for_the_extra_pod_hangs_the_rollout(
    replicas: int, hard: dict[str, str], used: dict[str, str], full: str | None
) -> None:
    resources = {"requests": {"cpu": "100m"}, "limits": {"memory": "200Mi"}}
    obj = deployment(pods=template(container("app", 8080, resources=resources)), replicas=replicas)
    one = found(SKIP, Near(), obj=obj, quotas=(quota("tight", hard, used),)).get("quota-full")
    assert (one is None) if full is None else (one is not None and full in one.fact and "would hang" in one.meaning)


def test_a_rollout_that_ends_pods_first_only_waits() -> None:
    full = quota("tight", {"pods": "8"}, {"pods": "8"})
    assert "would hang" not in found(SKIP, Near(), obj=deployment(replicas=8), quotas=(full,))["quota-full"].meaning
    recreated = deployment(strategy={"type": "Recreate"})
    assert "quota-full" not in found(SKIP, Near(), obj=recreated, quotas=(full,))


@pytest.mark.parametrize(
    ("bounds", "forbids"),
    [
        ({"type": "Container", "max": {"memory": "100Mi"}}, True),
        ({"type": "Container", "min": {"cpu": "200m"}}, True),
        ({"type": "Container", "max": {"memory": "1Gi"}, "min": {"cpu": "10m"}}, False),
        ({"type": "Pod", "max": {"memory": "100Mi"}}, False),
    ],
)
def test_bounds_that_were_made_later_refuse_new_pods(bounds: dict[str, Any], *, forbids: bool) -> None:
    resources = {"requests": {"cpu": "100m"}, "limits": {"memory": "200Mi"}}
    limits = ({"metadata": {"name": "small"}, "spec": {"limits": [bounds]}},)
    obj = deployment(pods=template(container("app", 8080, resources=resources)))
    one = found(SKIP, Near(), obj=obj, limits=limits).get("limit-range-forbids")
    assert (one is not None) is forbids
    assert one is None or one.fact == "LimitRange small forbids the resources of container app."


def test_an_autoscaler_is_said() -> None:
    near = Near(autoscalers=(autoscaler("emoji"), autoscaler("web")))
    assert found(SKIP, near)["autoscaled"].fact == "HorizontalPodAutoscaler emoji keeps 2 to 10 pods."


def plain_pod(name: str) -> dict[str, Any]:
    pod = {"metadata": {"name": name, "namespace": "emojivoto"}, "status": {"phase": "Running"}}
    return {**pod, "spec": {"containers": [container("app", 8080)]}}


def test_pods_that_the_injector_missed_are_told_with_what_mends_it() -> None:
    meshed = inject(plain_pod("emoji-1"), MESHED, MeshDefaults())
    pods = tuple(pod_facts(one) for one in (meshed, plain_pod("emoji-2"), plain_pod("emoji-3")))
    one = found(SKIP, Near(pods=pods))["pods-not-injected"]
    assert one.fact == "1 of 3 pods is injected, although the template is: emoji-2, emoji-3 not."
    assert "kubectl rollout restart deployment/emoji -n emojivoto" in one.meaning
    ended = tuple(replace(facts, finished=True) for facts in pods)
    assert "pods-not-injected" not in found(SKIP, Near(pods=ended))
    off = deployment(pods=template(annotations={INJECT: "disabled"}))
    assert "1 of 3 pods still has the proxy" in found(OFF, Near(pods=pods), obj=off)["pods-still-injected"].fact


def test_an_own_list_that_left_the_defaults_out_is_said() -> None:
    own = deployment(pods=template(annotations={SKIP_INBOUND: "25,4567"}))
    one = found(SKIP, Near(), obj=own)["defaults-left-out"]
    assert one.fact == 'The list of inbound ports "25,4567" (pod template) leaves out the default 4568.'
    assert "defaults-left-out" not in found(SKIP)


def test_a_pod_without_a_token_is_not_injected_by_control_planes_that_need_it() -> None:
    obj = template(automountServiceAccountToken=False)
    old = MeshDefaults(token_projection=False)
    [reason] = why_not_injected(pod_template_or_pod=obj, namespace=MESHED, defaults=old)
    assert reason.code == "disabled_automount_service_account_token_account"
    assert reason.text == 'automountServiceAccountToken set to "false"'
    assert why_not_injected(pod_template_or_pod=obj, namespace=MESHED, defaults=MeshDefaults()) == []
    assert 'set to "false"' in found(SKIP, obj=deployment(pods=obj), defaults=old)["not-meshed"].fact


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("250m", "0.25"),
        ("1Gi", "1073741824"),
        ("2", "2"),
        ("1e3", "1000"),
        ("1.5k", "1500"),
        ("4E", "4e18"),
        ("x", None),
    ],
)
def test_amounts_are_read_as_kubernetes_reads_them(text: str, number: str | None) -> None:
    read = quantity(text)
    assert (None if read is None else float(read)) == (None if number is None else float(number))
