"""What a pod takes from its namespace when it is injected, where versions and keys differ."""

from __future__ import annotations

from typing import Any

import pytest

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, NATIVE_SIDECAR_BETA, MeshDefaults
from portal.mesh.injection import inject
from portal.mesh.pods import pod_facts
from tests.unit.mesh.objects import container

DEFAULTS = MeshDefaults(version="edge-26.6.3")


def pod(annotations: dict[str, str] | None = None) -> dict[str, Any]:
    metadata = {"name": "emoji-1", "namespace": "emojivoto", "annotations": annotations or {}}
    return {"metadata": metadata, "spec": {"containers": [container()]}}


@pytest.mark.parametrize(("version", "is_native"), [("edge-26.6.3", False), ("edge-26.1.1", True)])
def test_a_namespace_s_beta_key_counts_before_2_20_only(version: str, is_native: bool) -> None:
    namespace = {"metadata": {"name": "emojivoto", "annotations": {INJECT: "enabled", NATIVE_SIDECAR_BETA: "true"}}}
    made = inject(pod(), namespace, MeshDefaults(version=version, native_sidecar=False))
    assert ("linkerd-proxy" in [one["name"] for one in made["spec"]["initContainers"]]) is is_native
    assert (NATIVE_SIDECAR_BETA in made["metadata"]["annotations"]) is is_native


def test_a_namespace_s_debug_key_counts_and_a_pod_s_own_hides_it() -> None:
    namespace = {"metadata": {"name": "emojivoto", "annotations": {INJECT: "enabled", DEBUG_SIDECAR: "true"}}}
    assert "linkerd-debug" in pod_facts(inject(pod(), namespace, DEFAULTS)).containers
    assert (
        "linkerd-debug" not in pod_facts(inject(pod(annotations={DEBUG_SIDECAR: ""}), namespace, DEFAULTS)).containers
    )
