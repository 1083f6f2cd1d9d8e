"""The contract's world on a real control plane. Meshdesk is user `meshdesk-worker` there, with the rights of
deploy/worker-rbac.yaml and no others: the whole contract shows that they are enough."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from portal.errors import Refused
from portal.mesh.workloads import WorkloadRef
from tests.contract.worlds import namespace, wait_until
from tests.controlplane.client import manifests
from tests.controlplane.harness import ControlPlane
from tests.controlplane.trouble import denied_updates
from workers.cluster.kubernetes import KubernetesCluster
from workers.cluster.protocol import Cluster

Object = dict[str, Any]
RBAC_FILE = Path(__file__).parents[2] / "deploy" / "worker-rbac.yaml"
VIZ_RBAC_FILE = RBAC_FILE.with_name("worker-viz-rbac.yaml")
WORKER, READER, INSTALLER = "meshdesk-worker", "meshdesk-reader", "meshdesk-installer"
ADDED = ("linkerd-proxy", "linkerd-debug")
ENDED = {"state": {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": "2026-03-01T10:00:05Z"}}}
KINDS = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "daemonset": "DaemonSet",
    "replicaset": "ReplicaSet",
    "cronjob": "CronJob",
    "job": "Job",
    "pod": "Pod",
    "networkpolicy": "NetworkPolicy",
}


class RealWorld:
    """One namespace of a control plane that tests share."""

    def __init__(self, plane: ControlPlane, name: str) -> None:
        self._plane = plane
        self.namespace = name
        grant_file(plane, WORKER)
        self.cluster: Cluster = as_user(plane, WORKER)
        self.create(namespace(name))
        wait_until(lambda: plane.client.list("ServiceAccount", name))

    @cached_property
    def installer(self) -> Cluster:
        """With the rights of both files of deploy/, once they count."""
        for path in (RBAC_FILE, VIZ_RBAC_FILE):
            grant_file(self._plane, INSTALLER, path=path)
        made = as_user(self._plane, INSTALLER)
        wait_until(lambda: may_install(made))
        return made

    def remove(self) -> None:
        """Ask for the deletion of the namespace."""
        self.cluster.close()
        if "installer" in self.__dict__:
            self.installer.close()
        self._plane.client.delete("Namespace", self.namespace)

    def create(self, obj: Object) -> None:
        self._plane.client.apply(obj)

    def create_as(self, manager: str, obj: Object) -> None:
        self._plane.client.apply(obj, manager=manager)

    def apply(self, ref: WorkloadRef, patch: Object) -> None:
        self._plane.client.patch(KINDS[ref.kind], ref.name, ref.namespace, patch)

    def delete(self, ref: WorkloadRef) -> None:
        self._plane.client.delete(KINDS[ref.kind], ref.name, ref.namespace)

    def finish(self, ref: WorkloadRef) -> None:
        for pod in self.cluster.pods(self.cluster.workload(ref)):
            name, statuses = pod["metadata"]["name"], pod["status"]["containerStatuses"]
            own = [one if one["name"] in ADDED else {**one, **ENDED, "ready": False} for one in statuses]
            phase = "Running" if any(one["name"] in ADDED for one in statuses) else "Succeeded"
            status = {"phase": phase, "containerStatuses": own}
            self._plane.client.patch_status("Pod", name, ref.namespace, status)

    @contextlib.contextmanager
    def denied(self, ref: WorkloadRef, message: str) -> Iterator[None]:
        with denied_updates(self._plane, ref.namespace, message):
            yield

    @contextlib.contextmanager
    def forbidden(self, ref: WorkloadRef) -> Iterator[Cluster]:
        grant_file(self._plane, READER, without="patch")
        limited = as_user(self._plane, READER)
        wait_until(lambda: _may_read(limited, ref))
        try:
            yield limited
        finally:
            limited.close()

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        self._plane.stop_api_server()
        try:
            yield
        finally:
            self._plane.start_api_server()

    def pace(self, *, ready: str, gone: str) -> dict[str, str]:
        """See tests/controlplane/stages.yaml."""
        slow = {} if ready == "0ms" else {"meshdesk.test/slow": ready}
        return {**slow, "meshdesk.test/linger": gone}


# A role that only an account with the rights of Viz's own roles may make.
_GRANTED = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "meshdesk-test-granted"},
    "rules": [{"apiGroups": ["tap.linkerd.io"], "resources": ["*"], "verbs": ["watch"]}],
}


def as_user(plane: ControlPlane, user: str) -> KubernetesCluster:
    """The control plane as that user reaches it."""
    return KubernetesCluster("contract", kubeconfig=plane.kubeconfig_for(user), context=None, timeout=5.0)


def grant_file(plane: ControlPlane, user: str, *, without: str | None = None, path: Path = RBAC_FILE) -> None:
    """Give the user the roles of the file, bound to it instead of the service account; one verb may be left out."""
    for manifest in manifests(path):
        if manifest["kind"] == "ServiceAccount":
            continue
        for rule in manifest.get("rules", []):
            rule["verbs"] = [verb for verb in rule["verbs"] if verb != without]
        plane.client.apply(for_user(manifest, user))


def for_user(manifest: Object, user: str) -> Object:
    """A role or binding of the file, under the user's name and for that user."""
    manifest["metadata"]["name"] = manifest["metadata"]["name"].replace(WORKER, user)
    if "subjects" in manifest:
        manifest["roleRef"]["name"] = manifest["roleRef"]["name"].replace(WORKER, user)
        manifest["subjects"] = [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}]
    return manifest


def may_install(cluster: Cluster) -> bool:
    """Whether the last of the rights counts already; the roles are read in no certain order, so it asks for several."""
    try:
        for kind in ("Secret", "ServiceAccount"):
            list(cluster.objects("v1", kind, "default"))
        list(cluster.objects("apiregistration.k8s.io/v1", "APIService"))
        list(cluster.objects("networking.k8s.io/v1", "NetworkPolicy", "default"))
        cluster.create_object(_GRANTED, dry_run=True)
    except Refused:
        return False
    return True


def _may_read(cluster: Cluster, ref: WorkloadRef) -> bool:
    try:
        return bool(cluster.workload(ref))
    except Refused:
        return False
