"""A namespace with its pods and policies, read from the cluster: what the kind control-plane-egress decides by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from portal.errors import Gone
from portal.mesh.egress import EgressScene
from portal.mesh.pods import CONTROL_PLANE_LABEL, pod_facts
from portal.mesh.workloads import template_of
from workers.cluster.protocol import Cluster, Object
from workers.context import surroundings

_POLICIES = ("networking.k8s.io/v1", "NetworkPolicy")


def scene_of(cluster: Cluster, namespace: str) -> EgressScene:
    """The namespace as it is now. Raises Gone where it is not there or about to go, Refused where Linkerd is not."""
    around = surroundings(cluster, namespace)
    if around.namespace["metadata"].get("deletionTimestamp"):
        raise Gone(f"Namespace {namespace} on cluster {cluster.name} is being deleted.")
    scene = EgressScene(
        namespace=around.namespace,
        workloads=tuple(cluster.workloads(namespace)),
        policies=tuple(cluster.objects(*_POLICIES, namespace)),
        control_plane_policies=tuple(cluster.objects(*_POLICIES, around.defaults.namespace)),
        mesh=around.defaults,
        webhook=around.webhook,
    )
    return replace(scene, workloads=(*scene.workloads, *_other_pods(cluster, scene)))


def _other_pods(cluster: Cluster, scene: EgressScene) -> Iterator[Object]:
    """Pods that none of the workloads accounts for: an operator's own kinds make them, or they still have a proxy that
    new pods of their workload would not get."""
    known = [(labels, scene.is_meshed(one)) for one in scene.workloads if (labels := _labels(template_of(one)))]
    for pod in cluster.objects("v1", "Pod", scene.name):
        labels = _labels(pod)
        is_bare = not any(owner.get("controller") for owner in pod["metadata"].get("ownerReferences") or [])
        if is_bare or pod_facts(pod).finished or any(_accounts_for(made, labels, meshed=on) for made, on in known):
            continue
        yield pod


def _accounts_for(made: Mapping[str, str], labels: Mapping[str, str], *, meshed: bool) -> bool:
    return made.items() <= labels.items() and (meshed or CONTROL_PLANE_LABEL not in labels)


def _labels(pod: Mapping[str, object]) -> dict[str, str]:
    metadata = pod.get("metadata")
    return dict((metadata.get("labels") if isinstance(metadata, Mapping) else None) or {})
