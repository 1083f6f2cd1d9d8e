"""One small manifest of each kind that Meshdesk creates, for the contract tests; APIServices have their own test."""

from __future__ import annotations

from typing import Any

from portal.errors import Gone
from portal.mesh.objects import MANAGED, ObjectRef
from portal.mesh.workloads import WorkloadRef
from tests.contract.worlds import Object, template, workload
from workers.cluster.protocol import Cluster

RBAC = "rbac.authorization.k8s.io/v1"
# A role that deploy/worker-viz-rbac.yaml lets the worker bind.
_DELEGATOR = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"}
_SUBJECTS = [{"kind": "Group", "name": "nobody", "apiGroup": "rbac.authorization.k8s.io"}]
# Kind -> apiVersion and what stands beside its metadata.
SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "Namespace": ("v1", {}),
    "ServiceAccount": ("v1", {}),
    "Secret": ("v1", {"stringData": {"key": "value"}}),
    "ConfigMap": ("v1", {"data": {"a": "1"}}),
    "Service": ("v1", {"spec": {"selector": {"app": "nobody"}, "ports": [{"port": 80}]}}),
    "PersistentVolumeClaim": (
        "v1",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
    ),
    "LimitRange": ("v1", {"spec": {"limits": [{"type": "Container", "default": {"cpu": "1"}}]}}),
    "ResourceQuota": ("v1", {"spec": {"hard": {"pods": "100"}}}),
    "Deployment": ("apps/v1", {}),
    "StatefulSet": ("apps/v1", {}),
    "DaemonSet": ("apps/v1", {}),
    "PodDisruptionBudget": ("policy/v1", {"spec": {"selector": {"matchLabels": {"app": "x"}}, "maxUnavailable": 1}}),
    "NetworkPolicy": ("networking.k8s.io/v1", {"spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}}),
    "ClusterRole": (RBAC, {"rules": []}),
    "ClusterRoleBinding": (RBAC, {"roleRef": _DELEGATOR, "subjects": _SUBJECTS}),
    "Role": (RBAC, {"rules": []}),
    "RoleBinding": (RBAC, {"roleRef": _DELEGATOR, "subjects": _SUBJECTS}),
    "MutatingWebhookConfiguration": ("admissionregistration.k8s.io/v1", {"webhooks": []}),
    "Server": ("policy.linkerd.io/v1beta3", {"spec": {"podSelector": {}, "port": 80}}),
    "HTTPRoute": ("policy.linkerd.io/v1beta3", {"spec": {"rules": []}}),
    "AuthorizationPolicy": ("policy.linkerd.io/v1alpha1", {"spec": {"requiredAuthenticationRefs": []}}),
    "ServerAuthorization": ("policy.linkerd.io/v1beta1", {"spec": {"server": {"name": "x"}, "client": {}}}),
    "MeshTLSAuthentication": ("policy.linkerd.io/v1alpha1", {"spec": {"identities": ["*"]}}),
    "NetworkAuthentication": ("policy.linkerd.io/v1alpha1", {"spec": {"networks": [{"cidr": "10.0.0.0/8"}]}}),
    "ServiceProfile": ("linkerd.io/v1alpha2", {"spec": {"routes": []}}),
}
_CLUSTER_WIDE = ("Namespace", "ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration")


def sample(kind: str, namespace: str) -> Object:
    """A manifest of that kind for the test whose namespace this is."""
    api_version, rest = SAMPLES[kind]
    name = "a.b.svc.cluster.local" if kind == "ServiceProfile" else f"sample-{namespace}"
    metadata: Object = {"name": name, "labels": {MANAGED: "true", "place": namespace}}
    if kind not in _CLUSTER_WIDE:
        metadata["namespace"] = namespace
    if api_version == "apps/v1":
        replicas = {} if kind == "DaemonSet" else {"replicas": 0}
        rest = {"spec": workload(kind, WorkloadRef("", namespace, name), template("sample"), **replicas)["spec"]}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def config_map(
    namespace: str, name: str, data: dict[str, str] | None = None, *, labels: dict[str, str] | None = None
) -> Object:
    """A ConfigMap."""
    metadata: Object = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {"a": "1", "b": "2"}}


def uid(obj: Object) -> str:
    """The uid of an object as the cluster gave it."""
    return str(obj["metadata"]["uid"])


def is_gone(cluster: Cluster, ref: ObjectRef) -> bool:
    """Whether the object is not there any more."""
    try:
        cluster.object(ref)
    except Gone:
        return True
    return False
