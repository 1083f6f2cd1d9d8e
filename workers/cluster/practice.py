"""The practice cluster: the cluster protocol on a file, for people and tests without a cluster at hand. A stand-in.

Workers reach it through access.py. Its owners (tests, the practice commands) play the tenants' own kubectl with
`create`, `apply_as`, `delete` and `set`. The settings are:
  roll_seconds_per_pod (0.3), terminate_seconds (0.2): the pace; injector_down: pods are admitted without a proxy;
  unreachable: every call of Meshdesk is Transient; kubernetes ("1.37.0"): the API server's version;
  refuse {"deployment/NAMESPACE/NAME": message}: Meshdesk's changes and deletions are denied;
  refuse_create {"Deployment/NAMESPACE/NAME": message}: what it creates is (the namespace empty for `Namespace//NAME`);
  forbid {"deployment/NAMESPACE/NAME": true}: by RBAC, all three; unserved ["policy.linkerd.io"]: groups not installed;
  tap_silent: aggregated APIs do not answer although their pods are ready.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.workloads import WorkloadRef
from workers.cluster import refusals
from workers.cluster.practice_creation import add
from workers.cluster.practice_defaults import WORKLOADS
from workers.cluster.practice_deletion import delete
from workers.cluster.practice_objects import MANAGER, PracticeObjects
from workers.cluster.practice_pods import WEBHOOK, Moment
from workers.cluster.practice_store import Key, Object, controller_uid, key_of

_KUBERNETES = "1.37.0"


class PracticeCluster(PracticeObjects):
    """A cluster in a file, made when it is not there; several processes may have it open at once.

    Raises ConfigurationError for some other file, Transient when it cannot be opened now.
    """

    def mesh(self) -> MeshDefaults:
        """What ConfigMap linkerd/linkerd-config says now, and Kubernetes' version; raises Gone without Linkerd."""
        with self._call() as moment:
            said = MeshDefaults.from_config_map(self._find(moment, ("configmap", "linkerd", "linkerd-config")))
            return replace(said, kubernetes=moment.store.setting("kubernetes", _KUBERNETES))

    def injector_webhook(self) -> Object | None:
        """The MutatingWebhookConfiguration of Linkerd's proxy injector, None where there is none."""
        with self._call() as moment:
            return moment.store.get(("mutatingwebhookconfiguration", "", WEBHOOK))

    def namespaces(self) -> Iterator[Object]:
        """Every Namespace of the cluster."""
        with self._call() as moment:
            found = moment.store.all("namespace")
        yield from found

    def namespace(self, name: str) -> Object:
        """One Namespace; raises Gone."""
        return self._read(("namespace", "", name))

    def workloads(self, namespace: str | None = None) -> Iterator[Object]:
        """Deployments, StatefulSets, DaemonSets, CronJobs, and ReplicaSets, Jobs and Pods that no controller owns."""
        with self._call() as moment:
            found = [obj for kind in WORKLOADS for obj in moment.store.all(kind, namespace)]
        owned_too = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
        yield from (obj for obj in found if obj["kind"] in owned_too or not controller_uid(obj))

    def metadata(self, kind: str, namespace: str) -> Iterator[Object]:
        """Nothing but `{"metadata": …}` of each object of a kind of workload in a namespace."""
        with self._call() as moment:
            found = moment.store.all(kind, namespace)
        yield from ({"metadata": obj["metadata"]} for obj in found)

    def workload(self, ref: WorkloadRef) -> Object:
        """One workload as it is now; raises Gone."""
        return self._read(_key(ref))

    def patch_workload(self, ref: WorkloadRef, patch: Object, *, dry_run: bool = False) -> Object:
        """Merge the patch as field manager `meshdesk`; raises Conflict, Refused, Gone."""
        with self._call() as moment:
            self._admit_workload(moment, ref)
            return self._patch(moment, MANAGER, ref, patch, dry_run=dry_run)

    def pods(self, obj: Object) -> list[Object]:
        """The pods that this workload owns, through its ReplicaSets or Jobs too, terminating ones included."""
        if obj["kind"] == "Pod":
            with self._call() as moment:
                here = moment.store.get(key_of(obj))
            return [here] if here is not None and here["metadata"]["uid"] == obj["metadata"]["uid"] else []
        with self._call() as moment:
            uids = [obj["metadata"]["uid"]]
            uids += [o["metadata"]["uid"] for kind in ("replicaset", "job") for o in moment.store.owned(uids[0], kind)]
            return [pod for uid in uids for pod in moment.store.owned(uid, "pod")]

    def disruption_budgets(self, namespace: str) -> list[Object]:
        """The PodDisruptionBudgets of a namespace."""
        with self._call() as moment:
            return moment.store.all("poddisruptionbudget", namespace)

    def close(self) -> None:
        """Nothing is held between calls."""

    def create(self, obj: Object, *, manager: str = "kubectl-create") -> Object:
        """Add an object as an owner would; no refusal setting counts. Raises as practice_creation.py says."""
        with self._open() as moment:
            return add(moment, self.name, obj, manager=manager)

    def apply_as(self, manager: str, ref: WorkloadRef, patch: Object) -> Object:
        """Merge a patch as an owner with that field manager would; no refusal setting counts. Raises Conflict, Gone."""
        with self._open() as moment:
            return self._patch(moment, manager, ref, patch, dry_run=False)

    def delete(self, ref: WorkloadRef) -> None:
        """Delete an object and what it owns, pods and namespaces with a while of terminating; raises Gone."""
        with self._open() as moment:
            delete(moment, self._find(moment, _key(ref)))

    def get(self, ref: WorkloadRef) -> Object:
        """Any object, whatever its kind and however the cluster is switched; raises Gone."""
        with self._open() as moment:
            return self._find(moment, _key(ref))

    def set(self, setting: str, value: Any) -> None:
        """Change one setting of the practice cluster; the value must be JSON."""
        with self._open() as moment:
            moment.store.set(setting, value)

    def _read(self, key: Key) -> Object:
        with self._call() as moment:
            return self._find(moment, key)

    def _find(self, moment: Moment, key: Key) -> Object:
        found = moment.store.get(key)
        if found is None:
            raise refusals.gone(self.name, refusals.place(f"{key[0]}/{key[2]}", key[1]))
        return found

    def _patch(self, moment: Moment, manager: str, ref: WorkloadRef, patch: Object, *, dry_run: bool) -> Object:
        return self._merge(moment, manager, self._find(moment, _key(ref)), patch, dry_run=dry_run)

    def _admit_workload(self, moment: Moment, ref: WorkloadRef) -> None:
        name = f"{ref.kind}/{ref.namespace}/{ref.name}"
        if moment.store.setting("forbid", {}).get(name):
            raise refusals.not_allowed("patch", refusals.place(str(ref), ref.namespace))
        if message := moment.store.setting("refuse", {}).get(name):
            raise refusals.denied(message)


def _key(ref: WorkloadRef) -> Key:
    return ref.kind, ref.namespace, ref.name
