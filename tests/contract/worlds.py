"""The two worlds of the contract tests. A world is a cluster seen from outside: its owners, and what troubles it.

`PracticeWorld` is here; the real one is in real_world.py, so that tests without a control plane never import its parts.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

from portal.errors import ClusterError
from portal.mesh.rollouts import rollout_of
from portal.mesh.workloads import WorkloadRef, annotations_patch
from workers.cluster.practice import PracticeCluster
from workers.cluster.practice_linkerd import linkerd_objects
from workers.cluster.practice_pods import FINISHED
from workers.cluster.protocol import Cluster

Object = dict[str, Any]
Found = TypeVar("Found")
OWNER = "kubectl"


class World(Protocol):
    """What a contract test may do beside calling the cluster; `namespace` is the test's own, with injection enabled."""

    cluster: Cluster
    namespace: str

    @property
    def installer(self) -> Cluster:
        """The same cluster for an account that may also install Viz: it creates and deletes objects of every kind."""

    def create(self, obj: Object) -> None:
        """Add an object."""

    def create_as(self, manager: str, obj: Object) -> None:
        """Apply an object as a field manager of that name does: by server-side apply where there is such a thing."""

    def apply(self, ref: WorkloadRef, patch: Object) -> None:
        """Merge a patch as the owner's `kubectl`."""

    def delete(self, ref: WorkloadRef) -> None:
        """Delete an object and what it owns."""

    def finish(self, ref: WorkloadRef) -> None:
        """Let the own containers of a Job's pods end well; what the mesh put beside them runs on."""

    def denied(self, ref: WorkloadRef, message: str) -> contextlib.AbstractContextManager[None]:
        """Inside, an admission policy denies Meshdesk's changes of the workload."""

    def forbidden(self, ref: WorkloadRef) -> contextlib.AbstractContextManager[Cluster]:
        """Inside, a cluster whose account may not change the workload."""

    def outage(self) -> contextlib.AbstractContextManager[None]:
        """Inside, the API server is away."""

    def pace(self, *, ready: str, gone: str) -> dict[str, str]:
        """Pod template annotations for pods that become ready and end after so long (`500ms`)."""


class PracticeWorld:
    """A practice cluster with Linkerd and one namespace."""

    def __init__(self, folder: Path) -> None:
        self.practice = PracticeCluster("contract", folder / "contract.db")
        self.cluster: Cluster = self.practice
        self.namespace = "contract"
        self.pace(ready="0ms", gone="0ms")
        for obj in linkerd_objects():
            self.create(obj)
        self.create(namespace(self.namespace))

    @property
    def installer(self) -> Cluster:
        return self.cluster

    def create(self, obj: Object) -> None:
        self.practice.create(obj)

    def create_as(self, manager: str, obj: Object) -> None:
        self.practice.create(obj, manager=manager)

    def apply(self, ref: WorkloadRef, patch: Object) -> None:
        self.practice.apply_as(OWNER, ref, patch)

    def delete(self, ref: WorkloadRef) -> None:
        self.practice.delete(ref)

    def finish(self, ref: WorkloadRef) -> None:
        self.practice.apply_as(OWNER, ref, {"metadata": {"annotations": {FINISHED: "true"}}})

    @contextlib.contextmanager
    def denied(self, ref: WorkloadRef, message: str) -> Iterator[None]:
        self.practice.set("refuse", {_setting(ref): message})
        try:
            yield
        finally:
            self.practice.set("refuse", {})

    @contextlib.contextmanager
    def forbidden(self, ref: WorkloadRef) -> Iterator[Cluster]:
        self.practice.set("forbid", {_setting(ref): True})
        try:
            yield self.cluster
        finally:
            self.practice.set("forbid", {})

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        self.practice.set("unreachable", True)
        try:
            yield
        finally:
            self.practice.set("unreachable", False)

    def pace(self, *, ready: str, gone: str) -> dict[str, str]:
        for setting, text in (("roll_seconds_per_pod", ready), ("terminate_seconds", gone)):
            self.practice.set(setting, int(text.removesuffix("ms")) / 1000)
        return {}


def namespace(name: str) -> Object:
    """A namespace with injection enabled."""
    metadata = {"name": name, "annotations": {"linkerd.io/inject": "enabled"}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def template(app: str, annotations: dict[str, str] | None = None, **spec: Any) -> Object:
    """A pod template with one container on port 8080."""
    container = {"name": "app", "image": "app:v1", "ports": [{"containerPort": 8080}]}
    metadata: Object = {"labels": {"app": app}}
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": {"containers": [container], **spec}}


def workload(kind: str, ref: WorkloadRef, pod: Object, **spec: Any) -> Object:
    """A Deployment, StatefulSet, DaemonSet or ReplicaSet that selects its template's labels."""
    more = {"serviceName": ref.name} if kind == "StatefulSet" else {}
    whole = {"selector": {"matchLabels": dict(pod["metadata"]["labels"])}, "template": pod, **more, **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata_of(ref), "spec": whole}


def job(ref: WorkloadRef, owner: Object | None = None) -> Object:
    """A Job whose pod goes on for a minute, controlled by `owner` (a CronJob)."""
    metadata = metadata_of(ref)
    if owner is not None:
        who = {key: owner["metadata"][key] for key in ("name", "uid")}
        kind = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True}
        metadata["ownerReferences"] = [{**who, **kind}]
    pod = template(ref.name, {"meshdesk.test/runs-for": "60s"}, restartPolicy="Never")
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": pod}}


def cron_job(ref: WorkloadRef) -> Object:
    """A CronJob that is not due before next year."""
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": template(ref.name, restartPolicy="Never")}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata_of(ref), "spec": spec}


def bare_pod(ref: WorkloadRef) -> Object:
    """A pod that nobody controls."""
    made = template(ref.name)
    labels = {"labels": made["metadata"]["labels"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata_of(ref), **labels}, "spec": made["spec"]}


def metadata_of(ref: WorkloadRef) -> Object:
    """Name and namespace."""
    return {"name": ref.name, "namespace": ref.namespace}


def wait_until(question: Callable[[], Found], *, seconds: float = 20.0) -> Found:
    """The first answer that is true; fails when none was in time."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)
    return answer


def settled(cluster: Cluster, ref: WorkloadRef) -> Object:
    """The workload once its rollout is complete, no pod of it ends, and nobody writes to it any more."""

    def quiet() -> Object | None:
        first = cluster.workload(ref)
        if not rollout_of(first).complete or any("deletionTimestamp" in p["metadata"] for p in cluster.pods(first)):
            return None
        time.sleep(0.2)
        return first if cluster.workload(ref)["metadata"] == first["metadata"] else None

    found = wait_until(quiet)
    assert found is not None
    return found


def change(obj: Object, changes: dict[str, str | None], mark: str | None = "MD-1;1") -> Object:
    """The patch that Meshdesk would send for this object as it was read."""
    return annotations_patch(obj["kind"].lower(), changes, mark, obj["metadata"]["resourceVersion"])


def raised(call: Callable[[], object]) -> ClusterError:
    """The ClusterError that the call raises."""
    try:
        call()
    except ClusterError as error:
        return error
    raise AssertionError("nothing was raised")


def _setting(ref: WorkloadRef) -> str:
    return f"{ref.kind}/{ref.namespace}/{ref.name}"
