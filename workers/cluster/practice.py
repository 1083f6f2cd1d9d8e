"""The practice cluster: the cluster protocol on a file, for people and tests without a cluster at hand. A stand-in.

Workers reach it through access.py. Its owners (tests, the practice commands) play the tenants' own kubectl with
`create`, `apply_as`, `delete` and `set`. The settings are:
  roll_seconds_per_pod (0.3), terminate_seconds (0.2): the pace; injector_down: pods are admitted without a proxy;
  unreachable: every call of Meshdesk is Transient;
  refuse {"deployment/NAMESPACE/NAME": message}: Meshdesk's writes are denied; forbid {the same: true}: by RBAC.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal.errors import ConfigurationError, Gone
from portal.mesh.annotations import MeshDefaults
from portal.mesh.workloads import WorkloadRef
from workers.cluster import refusals
from workers.cluster.practice_defaults import KINDS, WORKLOADS, defaulted
from workers.cluster.practice_patch import check, first_fields, patched
from workers.cluster.practice_pods import WEBHOOK, Moment, adopt_pod, new_metadata, terminate
from workers.cluster.practice_rollout import catch_up, touch
from workers.cluster.practice_store import Key, Object, Store, controller_uid, key_of

MANAGER = "meshdesk"
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class PracticeCluster:
    """A cluster in a file, made when it is not there; several processes may have it open at once.

    Raises ConfigurationError for some other file, Transient when it cannot be opened now.
    """

    def __init__(self, name: str, path: Path, *, timeout: float = 5.0, clock: Callable[[], float] = time.time) -> None:
        self.name = name
        try:
            self._store = Store(path, timeout=timeout)
        except sqlite3.OperationalError as error:
            raise refusals.unreachable(name) from error
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(f"Cluster {name}: {path} is not the file of a practice cluster.") from error
        self._clock = clock

    def mesh(self) -> MeshDefaults:
        """What ConfigMap linkerd/linkerd-config says now; raises Gone where Linkerd is not installed."""
        return MeshDefaults.from_config_map(self._read(("configmap", "linkerd", "linkerd-config")))

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

    def workload(self, ref: WorkloadRef) -> Object:
        """One workload as it is now; raises Gone."""
        return self._read(_key(ref))

    def patch_workload(self, ref: WorkloadRef, patch: Object, *, dry_run: bool = False) -> Object:
        """Merge the patch as field manager `meshdesk`; raises Conflict, Refused, Gone."""
        with self._call() as moment:
            self._admit(moment, ref)
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
        """Add an object with an API server's defaults; raises Gone without its namespace, Conflict, Refused."""
        obj = defaulted(obj)
        key = key_of(obj)
        with self._open() as moment:
            self._check_new(moment, obj, key)
            if key[0] == "pod":
                return adopt_pod(moment, obj)
            obj["metadata"] = new_metadata(obj, moment.time)
            obj["metadata"]["managedFields"] = first_fields(obj, manager=manager, time=moment.time)
            touch(moment, moment.store.put(obj))
            return obj

    def apply_as(self, manager: str, ref: WorkloadRef, patch: Object) -> Object:
        """Merge a patch as an owner with that field manager would; no refusal setting counts. Raises Conflict, Gone."""
        with self._open() as moment:
            return self._patch(moment, manager, ref, patch, dry_run=False)

    def delete(self, ref: WorkloadRef) -> None:
        """Delete an object and what it owns, pods with a while of terminating; raises Gone."""
        key = _key(ref)
        with self._open() as moment:
            obj = self._find(moment, key)
            if key[0] == "namespace":
                self._empty(moment, ref.name)
            _delete(moment, obj)

    def get(self, ref: WorkloadRef) -> Object:
        """Any object, whatever its kind and however the cluster is switched; raises Gone."""
        with self._open() as moment:
            return self._find(moment, _key(ref))

    def set(self, setting: str, value: Any) -> None:
        """Change one setting of the practice cluster; the value must be JSON."""
        with self._open() as moment:
            moment.store.set(setting, value)

    @contextmanager
    def _open(self) -> Iterator[Moment]:
        try:
            with self._store.transaction() as transaction:
                now = self._clock()
                catch_up(transaction, now)
                yield Moment(transaction, now)
        except sqlite3.OperationalError as error:
            raise refusals.unreachable(self.name) from error

    @contextmanager
    def _call(self) -> Iterator[Moment]:
        with self._open() as moment:
            if moment.store.setting("unreachable", False):
                raise refusals.unreachable(self.name)
            yield moment

    def _read(self, key: Key) -> Object:
        with self._call() as moment:
            return self._find(moment, key)

    def _find(self, moment: Moment, key: Key) -> Object:
        found = moment.store.get(key)
        if found is None:
            raise refusals.gone(self.name, refusals.place(f"{key[0]}/{key[2]}", key[1]))
        return found

    def _patch(self, moment: Moment, manager: str, ref: WorkloadRef, patch: Object, *, dry_run: bool) -> Object:
        current = self._find(moment, _key(ref))
        changed = patched(current, patch, manager=manager, time=moment.time)
        if changed is current or dry_run:
            return changed
        moment.store.put(changed)
        touch(moment, changed)
        return changed

    def _admit(self, moment: Moment, ref: WorkloadRef) -> None:
        name = f"{ref.kind}/{ref.namespace}/{ref.name}"
        if moment.store.setting("forbid", {}).get(name):
            raise refusals.not_allowed("patch", refusals.place(str(ref), ref.namespace))
        if message := moment.store.setting("refuse", {}).get(name):
            raise refusals.denied(message)

    def _check_new(self, moment: Moment, obj: Object, key: Key) -> None:
        if key[0] not in KINDS:
            raise refusals.invalid(f"the practice cluster has no kind {obj['kind']}")
        if not _NAME.fullmatch(key[2]):
            raise refusals.invalid(f"{key[2]!r} is not a lowercase RFC 1123 subdomain")
        check(obj)
        if moment.store.get(key) is not None:
            raise refusals.conflict(refusals.place(f"{key[0]}/{key[2]}", key[1]))
        if key[1] and moment.store.get(("namespace", "", key[1])) is None:
            raise Gone(f"There is no namespace {key[1]} on cluster {self.name}.")

    def _empty(self, moment: Moment, namespace: str) -> None:
        for kind in KINDS:
            for obj in moment.store.all(kind, namespace):
                moment.store.remove(key_of(obj))


def _delete(moment: Moment, obj: Object) -> None:
    if obj["kind"] == "Pod":
        terminate(moment, [obj])
        return
    moment.store.remove(key_of(obj))
    for kind in ("replicaset", "job", "pod"):
        for child in moment.store.owned(obj["metadata"]["uid"], kind):
            _delete(moment, child)


def _key(ref: WorkloadRef) -> Key:
    return ref.kind, ref.namespace, ref.name
