"""The real cluster: the cluster protocol on an API server. Only access.py makes one.

Workloads are here, objects of any kind in kubernetes_objects.py, calls and credentials in kubernetes_api.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from portal.errors import Gone
from portal.mesh.annotations import MeshDefaults
from portal.mesh.workloads import WorkloadRef, label_selector_text, selector_of
from workers.cluster import kubernetes_paths as paths
from workers.cluster import refusals
from workers.cluster.kubernetes_answers import Ask
from workers.cluster.kubernetes_api import MANAGER, Api, configuration_of
from workers.cluster.kubernetes_objects import KubernetesObjects
from workers.cluster.object_paths import is_name
from workers.cluster.ownership import controller_of, owned_by, owned_through
from workers.cluster.protocol import Object

WEBHOOK = "linkerd-proxy-injector-webhook-config"
_BETWEEN = {"Deployment": "replicaset", "CronJob": "job"}
_VERSION_SECONDS = 300.0


class KubernetesCluster(KubernetesObjects):
    """A cluster reached by a kubeconfig's context, or from inside when no kubeconfig is given."""

    def __init__(self, name: str, *, kubeconfig: Path | None, context: str | None, timeout: float) -> None:
        super().__init__(name, Api(name, lambda: configuration_of(name, kubeconfig, context), timeout))
        self._version: tuple[float, str | None] = (0.0, None)

    def mesh(self) -> MeshDefaults:
        """What ConfigMap linkerd/linkerd-config says now, and Kubernetes' version; raises Gone without Linkerd."""
        said = MeshDefaults.from_config_map(self._get(WorkloadRef("configmap", "linkerd", "linkerd-config")))
        return replace(said, kubernetes=self._kubernetes())

    def injector_webhook(self) -> Object | None:
        """The MutatingWebhookConfiguration of Linkerd's proxy injector, None where there is none."""
        try:
            return self._get(WorkloadRef("mutatingwebhookconfiguration", "", WEBHOOK))
        except Gone:
            return None

    def namespaces(self) -> Iterator[Object]:
        """Every Namespace of the cluster."""
        return self._list("namespace", None)

    def namespace(self, name: str) -> Object:
        """One Namespace; raises Gone."""
        return self._get(WorkloadRef("namespace", "", name))

    def workloads(self, namespace: str | None = None) -> Iterator[Object]:
        """Deployments, StatefulSets, DaemonSets, CronJobs, and ReplicaSets, Jobs and Pods that no controller owns."""
        for kind in ("deployment", "statefulset", "daemonset", "cronjob"):
            yield from self._list(kind, namespace)
        for kind in ("replicaset", "job", "pod"):
            yield from (obj for obj in self._list(kind, namespace) if controller_of(obj) is None)

    def metadata(self, kind: str, namespace: str) -> Iterator[Object]:
        """Nothing but `{"metadata": …}` of each object of a kind of workload in a namespace."""
        if not is_name(namespace):
            return
        ask = Ask("GET", paths.listing(kind, namespace), paths.words(kind, namespace), only_metadata=True)
        for page in self._api.pages(ask, ""):
            yield from ({"metadata": item["metadata"]} for item in page.get("items") or [])

    def workload(self, ref: WorkloadRef) -> Object:
        """One workload as it is now; raises Gone."""
        return self._get(ref)

    def patch_workload(self, ref: WorkloadRef, patch: Object, *, dry_run: bool = False) -> Object:
        """Merge the patch as field manager `meshdesk`; raises Conflict, Refused, Gone."""
        query = (("fieldManager", MANAGER), *((("dryRun", "All"),) if dry_run else ()))
        return self._api.call(Ask("PATCH", self._path(ref), paths.where(ref), query, patch))

    def pods(self, obj: Object) -> list[Object]:
        """The pods that this workload owns, through its ReplicaSets or Jobs too, terminating ones included."""
        kind, namespace = obj["kind"], obj["metadata"]["namespace"]
        if kind == "Pod":
            return [here for here in self._list("pod", namespace) if here["metadata"]["uid"] == obj["metadata"]["uid"]]
        # The Jobs of a CronJob have no label in common, but all pods of Jobs carry this one.
        selector = "job-name" if kind == "CronJob" else label_selector_text(selector_of(obj))
        # Pods first: a ReplicaSet made between the two calls would otherwise be unknown while its pods are seen.
        pods = list(self._list("pod", namespace, selector))
        if kind not in _BETWEEN:
            return owned_by(obj, pods)
        between = self._list(_BETWEEN[kind], namespace, "" if kind == "CronJob" else selector)
        return owned_through(obj, between, pods)

    def disruption_budgets(self, namespace: str) -> list[Object]:
        """The PodDisruptionBudgets of a namespace."""
        return list(self._list("poddisruptionbudget", namespace))

    def close(self) -> None:
        """Close idle connections."""
        self._api.close()

    def _kubernetes(self) -> str | None:
        # Each step of a change asks for the mesh; the version changes with an upgrade of the cluster only.
        read_at, known = self._version
        if known is None or time.monotonic() - read_at > _VERSION_SECONDS:
            known = self._api.version()
            self._version = (time.monotonic(), known)
        return known

    def _get(self, ref: WorkloadRef) -> Object:
        return self._api.call(Ask("GET", self._path(ref), paths.where(ref)))

    def _path(self, ref: WorkloadRef) -> str:
        path = paths.path_of(ref)
        if path is None:
            raise refusals.gone(self.name, paths.where(ref))
        return path

    def _list(self, kind: str, namespace: str | None, selector: str = "") -> Iterator[Object]:
        if namespace is not None and not is_name(namespace):
            return
        ask = Ask("GET", paths.listing(kind, namespace), paths.words(kind, namespace))
        for page in self._api.pages(ask, selector):
            yield from ({**paths.identity(kind), **item} for item in page.get("items") or [])
