"""The kinds that the practice cluster knows, and the defaults that an API server gives them. practice.py calls it."""

from __future__ import annotations

import copy

from workers.cluster import refusals
from workers.cluster.practice_patch import merge
from workers.cluster.practice_store import Object

WORKLOADS = ("deployment", "statefulset", "daemonset", "cronjob", "replicaset", "job", "pod")
KINDS = {*WORKLOADS, "namespace", "configmap", "poddisruptionbudget", "mutatingwebhookconfiguration"}
_CLUSTER_WIDE = ("Namespace", "MutatingWebhookConfiguration")

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


def defaulted(obj: Object) -> Object:
    """A copy with an API server's defaults; raises Refused where name, namespace or kind are missing."""
    made = copy.deepcopy(obj)
    metadata = made.get("metadata", {})
    if not made.get("apiVersion") or not made.get("kind") or not metadata.get("name"):
        raise refusals.invalid("apiVersion, kind and metadata.name are needed")
    if made["kind"] not in _CLUSTER_WIDE and not metadata.get("namespace"):
        raise refusals.invalid("metadata.namespace is needed")
    if made["kind"] in _SPECS:
        made["spec"] = merge(_SPECS[made["kind"]], made.get("spec", {}))
    if made["kind"] == "Namespace":
        name_label = {"kubernetes.io/metadata.name": metadata["name"]}
        metadata["labels"] = {**metadata.get("labels", {}), **name_label}
        made["status"] = {"phase": "Active"}
    if made["kind"] in ("StatefulSet", "DaemonSet") and made["spec"]["updateStrategy"]["type"] == "OnDelete":
        made["spec"]["updateStrategy"].pop("rollingUpdate")
    return made
