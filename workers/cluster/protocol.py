"""What a worker may ask of a Kubernetes cluster: converge, preflight, the inventory and the rollout watcher call it.

Two implementations keep this promise, and one set of contract tests holds both: kubernetes.py (the real one) and
practice.py (a stand-in in a file). Objects are plain dicts as an API server gives them, managedFields included.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from portal.mesh.annotations import MeshDefaults
from portal.mesh.objects import ObjectRef
from portal.mesh.workloads import WorkloadRef

Object = dict[str, Any]


class Cluster(Protocol):
    """One cluster. Every call ends within the cluster timeout (a list: within it per page of 250 objects).

    Every call may raise Transient (try again by itself) and Refused (a person must look); the methods name the rest.
    Instances may be shared by threads, not across a fork.
    """

    @property
    def name(self) -> str:
        """The immutable name of the cluster in the registry."""

    def mesh(self) -> MeshDefaults:
        """What ConfigMap linkerd/linkerd-config says now; raises Gone where Linkerd is not installed.

        `kubernetes` is the API server's version without its v (`1.37.2`), up to five minutes old; None when it is not
        told to Meshdesk's account.
        """

    def injector_webhook(self) -> Object | None:
        """The MutatingWebhookConfiguration of Linkerd's proxy injector, None where there is none."""

    def namespaces(self) -> Iterator[Object]:
        """Every Namespace of the cluster."""

    def namespace(self, name: str) -> Object:
        """One Namespace; raises Gone."""

    def workloads(self, namespace: str | None = None) -> Iterator[Object]:
        """Deployments, StatefulSets, DaemonSets, CronJobs, and ReplicaSets, Jobs and Pods that no controller owns."""

    def metadata(self, kind: str, namespace: str) -> Iterator[Object]:
        """Nothing but `{"metadata": …}` of each object of a kind of workload (`replicaset`) in a namespace.

        None where the namespace is not there.
        """

    def workload(self, ref: WorkloadRef) -> Object:
        """One workload as it is now; raises Gone."""

    def patch_workload(self, ref: WorkloadRef, patch: Object, *, dry_run: bool = False) -> Object:
        """Merge `patch` (RFC 7386) as field manager `meshdesk` and return the object as it then is.

        A `metadata.resourceVersion` in the patch is an optimistic lock: Conflict when the object is no longer that.
        A dry run is checked and admitted alike and stores nothing. Raises Gone.
        """

    def pods(self, obj: Object) -> list[Object]:
        """The pods that this workload owns, through its ReplicaSets or Jobs too, terminating ones included."""

    def disruption_budgets(self, namespace: str) -> list[Object]:
        """The PodDisruptionBudgets of a namespace."""

    def object(self, ref: ObjectRef) -> Object:
        """One object as it is now; raises Gone, also for what can never be there (unknown kinds, names like `..`)."""

    def objects(
        self, api_version: str, kind: str, namespace: str | None = None, selector: str = ""
    ) -> Iterator[Object]:
        """The objects of a kind, in one namespace or everywhere, with these labels (`app=web,tier in (a,b),!old`).

        None where the API server does not serve the kind, where the namespace is not there, or where there can be none.
        Ones that are being deleted are among them. Refused for a selector that cannot be read.
        """

    def events(self, namespace: str, *, uid: str = "", source: str = "") -> list[Object]:
        """The core Events of a namespace, about the object of that uid or by that source where they are given.

        Clusters forget them after a while, mostly an hour. None where the namespace is not there.
        """

    def create_object(self, manifest: Object, *, dry_run: bool = False) -> Object:
        """Create the object as field manager `meshdesk` and return it as it then is, with its uid.

        Never takes over one that is there: AlreadyExists. Raises Gone when its namespace is not there, Transient while
        its namespace is being deleted, Refused also where the cluster does not serve the kind, ValueError for a
        manifest of a kind or with a name that no caller may have let through (see object_paths.py). A call that ended
        with Transient may have created it all the same: read it, and its nonce tells. A dry run stores nothing.
        """

    def patch_object(self, ref: ObjectRef, patch: Object, *, dry_run: bool = False) -> Object:
        """Merge `patch` (RFC 7386) as field manager `meshdesk` and return the object as it then is.

        A `metadata.resourceVersion` in it is an optimistic lock as in `patch_workload`. Raises Gone, Conflict, and
        ValueError as `create_object` does.
        """

    def delete_object(self, ref: ObjectRef, *, uid: str) -> None:
        """Have the object of that uid deleted, and in the background what it owns.

        Returning means accepted: a namespace, a pod, an object with finalizers is there for a while, with a
        `metadata.deletionTimestamp`. Raises Gone when nothing of that name is there or another uid is, ValueError as
        `create_object` does.
        """

    def close(self) -> None:
        """Let go of connections; the instance must not be used afterwards."""
