"""The kinds that the practice cluster knows, and the defaults that an API server gives them. practice.py calls it."""

from __future__ import annotations

import base64
import copy

from portal.mesh.objects import group_of, resource_of
from workers.cluster import refusals
from workers.cluster.practice_patch import merge
from workers.cluster.practice_store import Object, Transaction

WORKLOADS = ("deployment", "statefulset", "daemonset", "cronjob", "replicaset", "job", "pod")
UNSERVED = "unserved"
_ALPHA = ("v1alpha1",)
_TO_BETA_3 = ("v1alpha1", "v1beta1", "v1beta2", "v1beta3")
# As Linkerd 2.20 and Kubernetes serve them; all else is served as v1.
_VERSIONS = {
    "Server": _TO_BETA_3,
    "HTTPRoute": _TO_BETA_3,
    "ServerAuthorization": ("v1alpha1", "v1beta1"),
    "AuthorizationPolicy": _ALPHA,
    "MeshTLSAuthentication": _ALPHA,
    "NetworkAuthentication": _ALPHA,
    "ServiceProfile": ("v1alpha1", "v1alpha2"),
    # It evaluates no CEL, so it must not seem to guard anything.
    "ValidatingAdmissionPolicy": (),
    "ValidatingAdmissionPolicyBinding": (),
    "HorizontalPodAutoscaler": ("v1", "v2"),
}

_POD: Object = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_TEMPLATE: Object = {"metadata": {}, "spec": _POD}
_JOB: Object = {
    "parallelism": 1,
    "completions": 1,
    "backoffLimit": 6,
    "completionMode": "NonIndexed",
    "suspend": False,
    "template": {"metadata": {}, "spec": {**_POD, "restartPolicy": "Never"}},
}
_ROLLING_ONE = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
_SPECS: dict[str, Object] = {
    "Deployment": {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": _ROLLING_ONE,
        "template": _TEMPLATE,
    },
    "StatefulSet": {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "template": _TEMPLATE,
    },
    "DaemonSet": {
        "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "template": _TEMPLATE,
    },
    "ReplicaSet": {"replicas": 1, "template": _TEMPLATE},
    "CronJob": {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"metadata": {}, "spec": {"template": _JOB["template"]}},
    },
    "Job": _JOB,
    "Pod": _POD,
    "Namespace": {"finalizers": ["kubernetes"]},
}


def is_known(obj: Object) -> bool:
    """Whether the practice cluster has that kind; people may also make ReplicaSets, which Meshdesk never does."""
    kind, version = obj["kind"], obj["apiVersion"].rpartition("/")[2]
    known = resource_of(obj["apiVersion"], kind) is not None or (kind, obj["apiVersion"]) == ("ReplicaSet", "apps/v1")
    return known and version in _VERSIONS.get(kind, ("v1",))


def serves(store: Transaction, api_version: str, kind: str) -> bool:
    """Whether the kind is served in that version; setting `unserved` names groups that are not installed."""
    there = is_known({"apiVersion": api_version, "kind": kind})
    return there and group_of(api_version) not in store.setting(UNSERVED, [])


def defaulted(obj: Object) -> Object:
    """A copy with an API server's defaults; raises Refused where name, namespace or kind are missing."""
    made = copy.deepcopy(obj)
    metadata = made.get("metadata", {})
    if not made.get("apiVersion") or not made.get("kind") or not metadata.get("name"):
        raise refusals.invalid("apiVersion, kind and metadata.name are needed")
    resource = resource_of(made["apiVersion"], made["kind"])
    if (resource is None or resource.namespaced) and not metadata.get("namespace"):
        raise refusals.invalid("metadata.namespace is needed")
    if made["kind"] in _SPECS:
        made["spec"] = merge(_SPECS[made["kind"]], made.get("spec", {}))
    if made["kind"] == "Namespace":
        name_label = {"kubernetes.io/metadata.name": metadata["name"]}
        metadata["labels"] = {**metadata.get("labels", {}), **name_label}
        made["status"] = {"phase": "Active"}
    if made["kind"] == "Secret":
        _encode(made)
    if made["kind"] in ("StatefulSet", "DaemonSet") and made["spec"]["updateStrategy"]["type"] == "OnDelete":
        made["spec"]["updateStrategy"].pop("rollingUpdate")
    return made


def _encode(secret: Object) -> None:
    """An API server keeps `stringData` as `data`."""
    secret.setdefault("type", "Opaque")
    for key, text in secret.pop("stringData", {}).items():
        secret.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()
