"""The worlds that practice clusters start with: `meshdesk` seeds them on its first run, tests take them as they are.

`practice` is a production cluster with three tenants (emojis, books, payments), `practice-sandbox` a sandbox with two.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from portal.errors import ConfigurationError
from portal.mesh.annotations import NATIVE_SIDECAR
from portal.mesh.workloads import WorkloadRef
from workers.cluster.practice import PracticeCluster
from workers.cluster.practice_linkerd import linkerd_objects
from workers.cluster.practice_pods import FINISHED
from workers.cluster.practice_store import Object

_INJECT = {"linkerd.io/inject": "enabled"}
_SKIP_INBOUND = "config.linkerd.io/skip-inbound-ports"
_SKIP_OUTBOUND = "config.linkerd.io/skip-outbound-ports"


def seed(path: Path, name: str) -> None:
    """Make the file of the practice cluster `name`; a file that is there stays as it is, whoever else seeds it now.

    Raises ConfigurationError when there is no world of that name.
    """
    if name not in _WORLDS:
        known = ", ".join(_WORLDS)
        raise ConfigurationError(f"There is no practice world named {name}: name the practice cluster one of {known}.")
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / path.name
        _populate(PracticeCluster(name, draft), _WORLDS[name]())
        # A link fails when somebody else was faster, a rename would replace their world under their feet.
        try:
            os.link(draft, path)
        except FileExistsError:
            return


def _populate(cluster: PracticeCluster, objects: Sequence[Object]) -> None:
    cluster.set("roll_seconds_per_pod", 0)
    cluster.set("terminate_seconds", 0)
    for obj in objects:
        paused = obj.get("spec", {}).pop("paused", False)
        cluster.create(obj, manager="kubectl-client-side-apply")
        if paused:
            # Paused from its start it would have no pods; this one was paused while it ran.
            ref = WorkloadRef("deployment", obj["metadata"]["namespace"], obj["metadata"]["name"])
            cluster.apply_as("kubectl-rollout", ref, {"spec": {"paused": True}})
    cluster.set("roll_seconds_per_pod", 0.3)
    cluster.set("terminate_seconds", 0.2)


def namespace(name: str, annotations: dict[str, str]) -> Object:
    """A Namespace object."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "annotations": annotations}}


def template(app: str, ports: Sequence[int] = (), **more: Any) -> Object:
    """A pod template with one container; `more` goes into the pod's spec."""
    container: Object = {"name": app, "image": f"practice/{app}:v1"}
    if ports:
        container["ports"] = [{"containerPort": port, "protocol": "TCP"} for port in ports]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], **more}}


def workload(kind: str, namespace: str, pod_template: Object, **more: Any) -> Object:
    """A Deployment, StatefulSet or DaemonSet named as its template's app; `more` goes into its spec."""
    labels = pod_template["metadata"]["labels"]
    name = labels["app"]
    spec: Object = {"selector": {"matchLabels": dict(labels)}, "template": pod_template, **more}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def job(namespace: str, name: str) -> Object:
    """A Job with one pod that runs until its owner says that it has finished."""
    spec = {"template": template(name, restartPolicy="Never")}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def cron_job(namespace: str, name: str, schedule: str) -> Object:
    """A CronJob; the practice cluster starts none of its Jobs by itself."""
    spec = {"schedule": schedule, "jobTemplate": {"spec": {"template": template(name, restartPolicy="OnFailure")}}}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}


def disruption_budget(namespace: str, app: str, max_unavailable: int) -> Object:
    """A PodDisruptionBudget for the pods of an app."""
    spec = {"selector": {"matchLabels": {"app": app}}, "maxUnavailable": max_unavailable}
    metadata = {"name": app, "namespace": namespace}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}


def _production() -> list[Object]:
    return [*linkerd_objects(), *_emojis(), *_books("books"), *_payments()]


def _sandbox() -> list[Object]:
    return [*linkerd_objects(), *_emojivoto("emojivoto-dev"), *_kept_jobs("emojivoto-dev"), *_books("books-dev")]


def _emojivoto(name: str) -> list[Object]:
    return [
        namespace(name, _INJECT),
        workload("Deployment", name, template("emoji", (8080, 8801)), replicas=3),
        workload("Deployment", name, template("voting", (8080, 8801)), replicas=2),
        workload("Deployment", name, template("web", (8080,)), replicas=1),
        workload("Deployment", name, template("vote-bot"), replicas=1),
        disruption_budget(name, "emoji", 1),
    ]


def _emojis() -> list[Object]:
    name = "emojivoto"
    return [
        *_emojivoto(name),
        workload("StatefulSet", name, template("ledger", (5432,)), replicas=2),
        workload("DaemonSet", name, template("node-agent", (9100,))),
        cron_job(name, "nightly-report", "0 2 * * *"),
        job(name, "import-once"),
        workload("Deployment", name, template("paused-thing", (8080,)), replicas=1, paused=True),
        workload("StatefulSet", name, template("by-hand", (7000,)), replicas=1, updateStrategy={"type": "OnDelete"}),
    ]


def _kept_jobs(name: str) -> list[Object]:
    """A CronJob and a Job whose proxy is an ordinary container, which keeps the Job's finished pod running."""
    report, import_ = cron_job(name, "nightly-report", "0 2 * * *"), job(name, "import-once")
    import_["metadata"]["annotations"] = {FINISHED: "true"}
    for made in (report["spec"]["jobTemplate"]["spec"]["template"], import_["spec"]["template"]):
        made["metadata"]["annotations"] = {NATIVE_SIDECAR: "false"}
    return [report, import_]


def _books(name: str) -> list[Object]:
    return [
        namespace(name, {**_INJECT, _SKIP_INBOUND: "3306"}),
        workload("Deployment", name, template("catalogue", (8080, 3306)), replicas=2),
        workload("Deployment", name, template("orders", (8080,)), replicas=2),
    ]


def _payments() -> list[Object]:
    name = "payments"
    return [
        namespace(name, {**_INJECT, _SKIP_OUTBOUND: "5432,6379"}),
        workload("Deployment", name, template("ledger-api", (8443,)), replicas=2),
        workload("Deployment", name, template("gateway", (8443,), hostNetwork=True), replicas=1),
    ]


_WORLDS = {"practice": _production, "practice-sandbox": _sandbox}
