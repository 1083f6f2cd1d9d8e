"""A few calls to the API server for tests and for filling a cluster. It is the tests' own, so that it cannot hide a
fault of workers/cluster/kubernetes.py behind the same code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from kubernetes import config
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError

# Whom the cluster names as the owner of fields that tests and fixtures write: somebody who is not Meshdesk.
TENANT_MANAGER = "kubectl"
MERGE_PATCH = "application/merge-patch+json"
_GROUPS = {
    "apps/v1": ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"),
    "batch/v1": ("Job", "CronJob"),
    "policy/v1": ("PodDisruptionBudget",),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "apiregistration.k8s.io/v1": ("APIService",),
    "rbac.authorization.k8s.io/v1": ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"),
    "admissionregistration.k8s.io/v1": (
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
    ),
}
_APIS = {kind: api for api, kinds in _GROUPS.items() for kind in kinds}
Answer = TypeVar("Answer")


class Client:
    """Reads and writes plain dicts with one access file."""

    def __init__(self, kubeconfig: Path) -> None:
        api: Any = config.new_client_from_config(str(kubeconfig))  # type: ignore[no-untyped-call]
        # The client's own cache is a file in the temporary folder, named by the host: another cluster may have left it.
        cache = kubeconfig.with_suffix(".discovery.json")
        self._dynamic: Any = DynamicClient(api, cache_file=str(cache))  # type: ignore[no-untyped-call]

    def get(self, kind: str, name: str, namespace: str | None = None, *, api: str | None = None) -> dict[str, Any]:
        """The object; kubernetes.dynamic.exceptions.NotFoundError when it is not there."""
        return _plain(self._resource(kind, api).get(name=name, namespace=namespace))

    def list(
        self, kind: str, namespace: str | None = None, *, labels: str | None = None, api: str | None = None
    ) -> list[dict[str, Any]]:
        """The objects of that kind in the namespace (or everywhere)."""
        found = self._resource(kind, api).get(namespace=namespace, label_selector=labels)
        items: list[dict[str, Any]] = _plain(found)["items"]
        return items

    def apply(self, manifest: dict[str, Any], *, manager: str = TENANT_MANAGER) -> dict[str, Any]:
        """Server-side apply, taking over fields that another manager holds; the object as stored."""
        resource = self._resource(manifest["kind"], manifest["apiVersion"])
        namespace = manifest["metadata"].get("namespace")
        applied = resource.server_side_apply(
            body=manifest, namespace=namespace, field_manager=manager, force_conflicts=True
        )
        return _plain(applied)

    def patch(
        self, kind: str, name: str, namespace: str | None, body: dict[str, Any], *, dry_run: bool = False
    ) -> dict[str, Any]:
        """A merge patch as a tenant's own kubectl would send it."""
        resource, rehearsed = self._resource(kind, None), {"dry_run": "All"} if dry_run else {}
        patched = resource.patch(
            body=body,
            name=name,
            namespace=namespace,
            content_type=MERGE_PATCH,
            field_manager=TENANT_MANAGER,
            **rehearsed,
        )
        return _plain(patched)

    def patch_status(self, kind: str, name: str, namespace: str, status: dict[str, Any]) -> dict[str, Any]:
        """A merge patch of the status, as the kubelet or a controller would send it."""
        resource = self._resource(kind, None).status
        body = {"status": status}
        return _plain(resource.patch(body=body, name=name, namespace=namespace, content_type=MERGE_PATCH))

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Ask for its deletion; nothing happens when it is not there."""
        try:
            self._resource(kind, None).delete(name=name, namespace=namespace, body={"propagationPolicy": "Background"})
        except NotFoundError:
            return

    def close(self) -> None:
        """Close its connections."""
        self._dynamic.client.close()

    def _resource(self, kind: str, api: str | None) -> Any:
        return self._dynamic.resources.get(api_version=api or _APIS.get(kind, "v1"), kind=kind)


def _plain(answer: Any) -> dict[str, Any]:
    plain: dict[str, Any] = answer.to_dict()
    return plain


def manifests(path: Path) -> Iterable[dict[str, Any]]:
    """The objects of a YAML file, in order."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def wait_for(question: Callable[[], Answer], what: str, *, seconds: float = 20.0) -> Answer:
    """The first answer that is true; AssertionError naming `what` when there was none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        time.sleep(0.05)
    return answer
