"""Pods then and now: what differs, in words, from evidence of this version and of earlier ones."""

from __future__ import annotations

from typing import Any

import pytest

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND, MeshDefaults
from portal.mesh.comparison import differences
from portal.mesh.injection import inject
from portal.mesh.pods import pod_facts
from tests.unit.mesh.objects import MESHED, container

MESH = MeshDefaults(version="edge-26.6.3", skip_inbound="4567,4568", skip_outbound="4567,4568")


def pod(annotations: dict[str, str] | None = None, *, mesh: MeshDefaults = MESH, phase: str = "Running") -> Any:
    made = {
        "metadata": {"name": "emoji-1", "namespace": "emojivoto", "annotations": annotations or {}},
        "spec": {"containers": [container()]},
        "status": {"phase": phase},
    }
    return pod_facts(inject(made, MESHED, mesh)).to_json()


def test_the_ports_are_told_as_the_init_container_was_given_them() -> None:
    assert differences([pod()], [pod({SKIP_INBOUND: "8080"})]) == [
        "inbound now skips 4190,4191,8080 (before: 4190,4191,4567,4568)"
    ]


def test_pods_as_they_were_differ_in_nothing() -> None:
    assert differences([pod(), pod()], [pod()]) == []


def test_a_debug_container_comes_and_goes() -> None:
    debug = pod({DEBUG_SIDECAR: "true"})
    assert differences([pod()], [debug])[0] == "linkerd-debug is new"  # type: ignore[index]
    assert differences([debug], [pod()]) == ["linkerd-debug is gone", f"annotation {DEBUG_SIDECAR} is gone"]


def test_pods_without_the_proxy_say_so_and_nothing_of_ports() -> None:
    out = pod({INJECT: "disabled"})
    assert differences([pod()], [out])[0] == "the pods run without the proxy"  # type: ignore[index]
    assert differences([out], [pod()])[0] == "the pods run with the proxy"  # type: ignore[index]
    assert differences([out], [pod(), out])[0] == "some pods run with the proxy, some without"  # type: ignore[index]
    assert not any("skips" in one for one in differences([pod({SKIP_INBOUND: "1"})], [out]) or ())


def test_another_proxy_is_told() -> None:
    newer = pod(mesh=MeshDefaults(version="edge-26.9.1", skip_inbound="4567,4568", skip_outbound="4567,4568"))
    assert "the proxy is edge-26.9.1 now (before: edge-26.6.3)" in (differences([pod()], [newer]) or ())


@pytest.mark.parametrize("finished", [[], [pod(phase="Succeeded")]])
def test_nothing_is_said_where_no_pod_runs(finished: list[Any]) -> None:
    assert differences(finished, [pod()]) is None
    assert differences([pod()], finished) is None


def test_evidence_without_the_arguments_is_compared_by_the_lists_alone() -> None:
    old = {key: value for key, value in pod().items() if key != "skip_arguments"}
    assert differences([old], [pod()]) == []
    assert differences([old], [pod({SKIP_INBOUND: "8080"})]) == ["inbound now skips 8080 (before: 4567-4568)"]
