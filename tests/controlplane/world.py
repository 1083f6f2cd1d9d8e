"""Fills the control plane with Linkerd's settings and three tenants: the same names as the practice cluster's world.

`python -m tests.controlplane up` fills it once; tests take `fresh_world` for namespaces of their own.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.client import Client, manifests, wait_for
from tests.controlplane.harness import ControlPlane

FOLDER = Path(__file__).parent / "world"
TENANT_FILES = ("emojivoto.yaml", "books.yaml", "payments.yaml")
OWNER = "kubectl"
RUNNING_SECONDS = 60.0
DEFINITION, DEFINITIONS_API = "CustomResourceDefinition", "apiextensions.k8s.io/v1"


@dataclass(frozen=True)
class World:
    """The three tenants' namespaces under the names that they have here."""

    plane: ControlPlane
    emojivoto: str
    books: str
    payments: str

    @property
    def namespaces(self) -> tuple[str, ...]:
        """All three."""
        return (self.emojivoto, self.books, self.payments)

    def remove(self) -> None:
        """Ask for the deletion of its namespaces, without waiting for it."""
        for namespace in self.namespaces:
            self.plane.client.delete("Namespace", namespace)


def fill(plane: ControlPlane) -> World:
    """Linkerd's settings and the tenants under their own names; returns when every workload runs."""
    add_linkerd(plane)
    return _add_tenants(plane, prefix="")


def fresh_world(plane: ControlPlane, prefix: str) -> World:
    """The tenants again in namespaces of their own (`<prefix>-emojivoto`, ...), running; Linkerd's settings too."""
    add_linkerd(plane)
    return _add_tenants(plane, prefix=f"{prefix}-")


def add_linkerd(plane: ControlPlane) -> None:
    """Namespace linkerd with the ConfigMaps that Meshdesk reads, and Linkerd's kinds; may be called again."""
    add_kinds(plane)
    trust_root = plane.layout.authority.pair.certificate.read_text().strip()
    for manifest in manifests(FOLDER / "linkerd.yaml"):
        if manifest["metadata"]["name"] == "linkerd-config":
            values = yaml.safe_load(manifest["data"]["values"]) | {"identityTrustAnchorsPEM": trust_root}
            manifest["data"]["values"] = yaml.safe_dump(values)
        if manifest["metadata"]["name"] == "linkerd-identity-trust-roots":
            manifest["data"]["ca-bundle.crt"] = trust_root
        plane.client.apply(manifest, manager="helm")


def add_kinds(plane: ControlPlane) -> None:
    """The kinds of Linkerd, served when this returns; those that are there already stay as they are."""
    definitions = manifests(FOLDER / "linkerd-crds.yaml")
    there = {found["metadata"]["name"] for found in plane.client.list(DEFINITION, api=DEFINITIONS_API)}
    for manifest in definitions:
        if manifest["metadata"]["name"] not in there:
            plane.client.apply(manifest, manager="helm")
    for manifest in definitions:
        name = manifest["metadata"]["name"]
        wait_for(partial(_is_established, plane.client, name), f"kind {name} served")


def apply_file(plane: ControlPlane, path: Path) -> None:
    """Every object of a YAML file as it is, by server-side apply (the public fixtures of Linkerd, for one)."""
    for manifest in manifests(path):
        plane.client.apply(manifest, manager="helm")


def _add_tenants(plane: ControlPlane, *, prefix: str) -> World:
    for manifest in _tenant_manifests(prefix):
        paused = manifest.get("spec", {}).pop("paused", False)
        plane.client.apply(manifest, manager=OWNER)
        if paused:
            _pause(plane.client, manifest["metadata"])
    world = World(plane, *(f"{prefix}{Path(name).stem}" for name in TENANT_FILES))
    for namespace in world.namespaces:
        wait_until_running(plane.client, namespace)
    return world


def wait_until_running(client: Client, namespace: str) -> None:
    """Return when every Deployment, StatefulSet and DaemonSet of the namespace is as its spec says; AssertionError."""
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        wait_for(partial(_all_run, client, kind, namespace), f"{kind}s of {namespace}", seconds=RUNNING_SECONDS)


def is_running(workload: dict[str, Any]) -> bool:
    """Whether the controllers have seen this generation of the workload and all its pods are new and ready."""
    status, spec = workload.get("status", {}), workload["spec"]
    if status.get("observedGeneration", 0) < workload["metadata"]["generation"]:
        return False
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(wanted) and wanted == status.get("updatedNumberScheduled", 0) == status.get("numberReady", 0)
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas")]
    return all(count == spec.get("replicas", 1) for count in counts)


def _is_established(client: Client, name: str) -> bool:
    found = client.get(DEFINITION, name, api=DEFINITIONS_API)
    conditions = found.get("status", {}).get("conditions") or []
    return any(entry["type"] == "Established" and entry["status"] == "True" for entry in conditions)


def _all_run(client: Client, kind: str, namespace: str) -> bool:
    return all(is_running(workload) for workload in client.list(kind, namespace))


def _pause(client: Client, metadata: dict[str, Any]) -> None:
    name, namespace = metadata["name"], metadata["namespace"]
    wait_for(lambda: is_running(client.get("Deployment", name, namespace)), f"{name} running")
    client.patch("Deployment", name, namespace, {"spec": {"paused": True}})


def _tenant_manifests(prefix: str) -> Iterable[dict[str, Any]]:
    for name in TENANT_FILES:
        for manifest in manifests(FOLDER / name):
            yield _renamed(manifest, prefix)


def _renamed(manifest: dict[str, Any], prefix: str) -> dict[str, Any]:
    moved = copy.deepcopy(manifest)
    key = "name" if moved["kind"] == "Namespace" else "namespace"
    moved["metadata"][key] = prefix + moved["metadata"][key]
    return moved
