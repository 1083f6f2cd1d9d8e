"""Where the API server keeps the kinds of workloads, and which names may stand in a path; kubernetes.py asks. Pure."""

from __future__ import annotations

from portal.mesh.workloads import WorkloadRef
from workers.cluster import refusals
from workers.cluster.object_paths import is_name

_KINDS = {
    "deployment": ("/apis/apps/v1", "deployments", "Deployment"),
    "statefulset": ("/apis/apps/v1", "statefulsets", "StatefulSet"),
    "daemonset": ("/apis/apps/v1", "daemonsets", "DaemonSet"),
    "cronjob": ("/apis/batch/v1", "cronjobs", "CronJob"),
    "replicaset": ("/apis/apps/v1", "replicasets", "ReplicaSet"),
    "job": ("/apis/batch/v1", "jobs", "Job"),
    "pod": ("/api/v1", "pods", "Pod"),
    "namespace": ("/api/v1", "namespaces", "Namespace"),
    "configmap": ("/api/v1", "configmaps", "ConfigMap"),
    "poddisruptionbudget": ("/apis/policy/v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    "mutatingwebhookconfiguration": (
        "/apis/admissionregistration.k8s.io/v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
    ),
}
_CLUSTER_WIDE = ("namespace", "mutatingwebhookconfiguration")


def where(ref: WorkloadRef) -> str:
    """The object in words: `deployment/emoji in emojivoto`."""
    return refusals.place(str(ref), ref.namespace)


def path_of(ref: WorkloadRef) -> str | None:
    """The object's path; None where no such object can exist: with a name such as `..` it would be another path."""
    names = (ref.name,) if ref.kind in _CLUSTER_WIDE else (ref.namespace, ref.name)
    if ref.kind not in _KINDS or not all(map(is_name, names)):
        return None
    return f"{listing(ref.kind, ref.namespace or None)}/{ref.name}"


def listing(kind: str, namespace: str | None) -> str:
    """The path of all objects of a kind, in one namespace or everywhere."""
    base, plural, _ = _KINDS[kind]
    return f"{base}/namespaces/{namespace}/{plural}" if namespace else f"{base}/{plural}"


def words(kind: str, namespace: str | None) -> str:
    """The listing in words: `deployments in emojivoto`."""
    return refusals.place(_KINDS[kind][1], namespace)


def identity(kind: str) -> dict[str, str]:
    """apiVersion and kind, which the items of a list lack."""
    base, _, name = _KINDS[kind]
    return {"apiVersion": base.removeprefix("/apis/").removeprefix("/api/"), "kind": name}
