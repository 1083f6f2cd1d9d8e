"""What the proof asks of each pod about the debug container; the rest is seen in tests/workers on whole clusters."""

from __future__ import annotations

from typing import Any

import pytest

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, MeshDefaults
from portal.mesh.injection import DEFAULT_WEBHOOK, inject
from portal.mesh.proof import Proof, prove
from tests.unit.mesh.objects import MESHED, container, cron_job, deployment, template

MESH = MeshDefaults(version="edge-26.6.3")
HERE = {DEBUG_SIDECAR: "true"}


def pod(name: str, annotations: dict[str, str], phase: str = "Running") -> dict[str, Any]:
    made = {
        "metadata": {"name": name, "namespace": "emojivoto", "annotations": annotations},
        "spec": {"containers": [container()]},
        "status": {"phase": phase},
    }
    return inject(made, MESHED, MESH)


def proven(obj: dict[str, Any], *pods: dict[str, Any], namespace: dict[str, Any] = MESHED) -> Proof:
    return prove(obj, list(pods), namespace=namespace, defaults=MESH, webhook=DEFAULT_WEBHOOK)


def seen(annotations: dict[str, str]) -> dict[str, Any]:
    return {**deployment(pods=template(annotations=annotations)), "status": {"observedGeneration": 1}}


def test_every_pod_that_is_not_finished_must_have_the_debug_container() -> None:
    pods = pod("new", HERE), pod("old", {}), pod("done", {}, phase="Succeeded")
    assert proven(seen(HERE), *pods).waiting == ("pod old runs without the debug container",)
    assert proven(seen(HERE), pods[0]).matching


def test_none_may_have_it_when_nobody_asks_for_it_any_more() -> None:
    assert proven(seen({}), pod("old", HERE), pod("new", {})).waiting == (
        "pod old still runs with the debug container",
    )


@pytest.mark.parametrize(("own", "asked"), [({}, True), ({DEBUG_SIDECAR: ""}, False), ({DEBUG_SIDECAR: "0"}, False)])
def test_the_namespace_s_value_counts_where_the_template_has_none(own: dict[str, str], asked: bool) -> None:
    namespace = {"metadata": {"name": "emojivoto", "annotations": {INJECT: "enabled", DEBUG_SIDECAR: "1"}}}
    assert proven(seen(own), pod("with", HERE), namespace=namespace).matching is asked
    assert proven(seen(own), pod("without", {}), namespace=namespace).matching is not asked


def test_without_the_proxy_there_is_no_debug_container_to_wait_for() -> None:
    off = {INJECT: "disabled", **HERE}
    assert proven(seen(off), pod("bare", off)).matching


def test_a_cron_job_rolls_nothing() -> None:
    assert proven(
        cron_job(pods=template(annotations={"config.linkerd.io/proxy-enable-native-sidecar": "true"}))
    ).rolled_out
