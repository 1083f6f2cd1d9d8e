"""Kubernetes objects that Meshdesk reads, creates and takes away again: how one is named, and which kinds there may be.

Bundles, kinds and both cluster implementations read the table; a kind that is not in it is neither made nor deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MANAGED = "meshdesk.io/managed"
TICKET = "meshdesk.io/ticket"
NONCE = "meshdesk.io/nonce"
EXPIRES_AT = "meshdesk.io/expires-at"


@dataclass(frozen=True)
class Resource:
    """Where the API server keeps a kind: the plural of its path, and whether its objects live in a namespace."""

    plural: str
    namespaced: bool = True


_RESOURCES: dict[tuple[str, str], Resource] = {
    ("", "Namespace"): Resource("namespaces", namespaced=False),
    ("", "ServiceAccount"): Resource("serviceaccounts"),
    ("", "Secret"): Resource("secrets"),
    ("", "ConfigMap"): Resource("configmaps"),
    ("", "Service"): Resource("services"),
    ("", "PersistentVolumeClaim"): Resource("persistentvolumeclaims"),
    ("", "Pod"): Resource("pods"),
    ("", "LimitRange"): Resource("limitranges"),
    ("", "ResourceQuota"): Resource("resourcequotas"),
    ("apps", "Deployment"): Resource("deployments"),
    ("apps", "StatefulSet"): Resource("statefulsets"),
    ("apps", "DaemonSet"): Resource("daemonsets"),
    ("batch", "Job"): Resource("jobs"),
    ("batch", "CronJob"): Resource("cronjobs"),
    ("policy", "PodDisruptionBudget"): Resource("poddisruptionbudgets"),
    ("autoscaling", "HorizontalPodAutoscaler"): Resource("horizontalpodautoscalers"),
    ("networking.k8s.io", "NetworkPolicy"): Resource("networkpolicies"),
    ("networking.k8s.io", "Ingress"): Resource("ingresses"),
    ("rbac.authorization.k8s.io", "ClusterRole"): Resource("clusterroles", namespaced=False),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): Resource("clusterrolebindings", namespaced=False),
    ("rbac.authorization.k8s.io", "Role"): Resource("roles"),
    ("rbac.authorization.k8s.io", "RoleBinding"): Resource("rolebindings"),
    ("apiregistration.k8s.io", "APIService"): Resource("apiservices", namespaced=False),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): Resource(
        "mutatingwebhookconfigurations", namespaced=False
    ),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): Resource(
        "validatingadmissionpolicies", namespaced=False
    ),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): Resource(
        "validatingadmissionpolicybindings", namespaced=False
    ),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): Resource(
        "validatingwebhookconfigurations", namespaced=False
    ),
    ("cert-manager.io", "Certificate"): Resource("certificates"),
    ("policy.linkerd.io", "Server"): Resource("servers"),
    ("policy.linkerd.io", "HTTPRoute"): Resource("httproutes"),
    ("policy.linkerd.io", "AuthorizationPolicy"): Resource("authorizationpolicies"),
    ("policy.linkerd.io", "ServerAuthorization"): Resource("serverauthorizations"),
    ("policy.linkerd.io", "MeshTLSAuthentication"): Resource("meshtlsauthentications"),
    ("policy.linkerd.io", "NetworkAuthentication"): Resource("networkauthentications"),
    ("linkerd.io", "ServiceProfile"): Resource("serviceprofiles"),
}


@dataclass(frozen=True, order=True)
class ObjectRef:
    """One object: `api_version` as in its manifest (`apps/v1`), `namespace` empty where its kind has none."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> ObjectRef:
        """The reference of a raw object or manifest."""
        metadata = obj["metadata"]
        return cls(obj["apiVersion"], obj["kind"], metadata.get("namespace") or "", metadata["name"])

    @property
    def group(self) -> str:
        """The API group, empty for the core one."""
        return group_of(self.api_version)

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.kind} {self.name}{where}"


def group_of(api_version: str) -> str:
    """The group of an apiVersion: `apps` of `apps/v1`, empty of `v1`."""
    return api_version.rpartition("/")[0]


def resource_of(api_version: str, kind: str) -> Resource | None:
    """Where objects of this kind are kept; None for a kind that Meshdesk neither makes nor deletes."""
    return _RESOURCES.get((group_of(api_version), kind))
