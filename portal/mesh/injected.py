"""A pod with everything in it that Linkerd's injector puts there and that Meshdesk reads; `injection.inject` calls it.

Probes, resources, environment and volumes are left out: nothing here runs.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from portal.mesh.annotations import (
    DEBUG_SIDECAR,
    NATIVE_SIDECAR_BETA,
    SKIP_INBOUND,
    SKIP_OUTBOUND,
    MeshDefaults,
    effective_native,
    effective_skip,
    inherits,
    is_true,
)
from portal.mesh.workloads import DEBUG_CONTAINER, PROXY_CONTAINER

_PREFIXES = ("config.linkerd.io/", "config.alpha.linkerd.io/")
_NOT_INHERITED = frozenset(
    f"config.linkerd.io/{name}"
    for name in (
        "debug-image",
        "debug-image-version",
        "debug-image-pull-policy",
        "close-wait-timeout",
        "enable-gateway",
        "proxy-cpu-ratio-limit",
    )
)
_OWNERS = {"ReplicaSet": "deployment", "StatefulSet": "statefulset", "DaemonSet": "daemonset", "Job": "job"}


def injected_pod(pod: Mapping[str, Any], namespace: Mapping[str, Any], defaults: MeshDefaults) -> dict[str, Any]:
    """A copy of the pod with annotations, labels and containers as Linkerd of `defaults.version` adds them."""
    meshed: dict[str, Any] = copy.deepcopy(dict(pod))
    metadata, spec = meshed.setdefault("metadata", {}), meshed.setdefault("spec", {})
    around = (namespace.get("metadata") or {}).get("annotations") or {}
    metadata["annotations"] = _annotations(metadata.get("annotations") or {}, around, defaults)
    own_namespace = metadata.get("namespace") or (namespace.get("metadata") or {}).get("name", "")
    metadata["labels"] = {**(metadata.get("labels") or {}), **_labels(metadata, own_namespace, defaults)}
    _add_containers(spec, metadata["annotations"], defaults)
    return meshed


def _annotations(own: Mapping[str, str], around: Mapping[str, str], defaults: MeshDefaults) -> dict[str, str]:
    inherited = {k: v for k, v in around.items() if _is_inherited(k, defaults)}
    version = defaults.version or "unknown"
    added = {
        "linkerd.io/created-by": f"linkerd/proxy-injector {version}",
        "linkerd.io/proxy-version": version,
    }
    if defaults.trust_root_sha256 is not None:
        added["linkerd.io/trust-root-sha256"] = defaults.trust_root_sha256
    return {**inherited, **own, **added}


def _is_inherited(key: str, defaults: MeshDefaults) -> bool:
    if key == NATIVE_SIDECAR_BETA:
        return inherits(key, defaults)
    return key.startswith(_PREFIXES) and key not in _NOT_INHERITED


def _labels(metadata: Mapping[str, Any], namespace: str, defaults: MeshDefaults) -> dict[str, str]:
    labels = {"linkerd.io/control-plane-ns": defaults.namespace, "linkerd.io/workload-ns": namespace}
    owners = metadata.get("ownerReferences") or []
    # Linkerd takes a pod with several owners for a bare one.
    if len(owners) == 1 and owners[0].get("kind") in _OWNERS:
        labels[f"linkerd.io/proxy-{_OWNERS[owners[0]['kind']]}"] = _owner_name(owners[0], metadata)
    return labels


def _owner_name(owner: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    template_hash = (metadata.get("labels") or {}).get("pod-template-hash")
    name = str(owner.get("name", ""))
    return name.removesuffix(f"-{template_hash}") if template_hash else name


def _add_containers(spec: dict[str, Any], annotations: Mapping[str, str], defaults: MeshDefaults) -> None:
    image = f"cr.l5d.io/linkerd/proxy:{annotations['linkerd.io/proxy-version']}"
    proxy: dict[str, Any] = {
        "name": PROXY_CONTAINER,
        "image": image,
        "ports": [
            {"containerPort": 4143, "name": "linkerd-proxy", "protocol": "TCP"},
            {"containerPort": 4191, "name": "linkerd-admin", "protocol": "TCP"},
        ],
    }
    first = [_network_validator(image)] if defaults.cni else [_init(image, annotations, defaults)]
    containers = list(spec.get("containers") or [])
    # What the namespace says has been copied into the annotations.
    if is_true(effective_native(annotations, {}, defaults)[1].value):
        first.append({**proxy, "restartPolicy": "Always"})
    else:
        containers.insert(0, proxy)
    if is_true(annotations.get(DEBUG_SIDECAR, "")):
        containers.append({"name": DEBUG_CONTAINER, "image": f"cr.l5d.io/linkerd/debug:{defaults.version}"})
    spec["initContainers"] = [*first, *(spec.get("initContainers") or [])]
    spec["containers"] = containers


def _network_validator(image: str) -> dict[str, Any]:
    return {"name": "linkerd-network-validator", "image": image}


def _init(image: str, annotations: Mapping[str, str], defaults: MeshDefaults) -> dict[str, Any]:
    inbound = effective_skip(SKIP_INBOUND, annotations, {}, defaults).value
    outbound = effective_skip(SKIP_OUTBOUND, annotations, {}, defaults).value
    args = ["--incoming-proxy-port", "4143", "--outgoing-proxy-port", "4140", "--proxy-uid", "2102"]
    args += ["--inbound-ports-to-ignore", ",".join(filter(None, ["4190,4191", inbound]))]
    if outbound:
        args += ["--outbound-ports-to-ignore", outbound]
    return {"name": "linkerd-init", "image": image, "args": args}
