"""Small Kubernetes objects for the tests of portal.mesh and portal.kinds, as an API server gives them."""

from __future__ import annotations

from typing import Any

from portal.mesh.annotations import INJECT, MeshDefaults
from portal.mesh.injection import DEFAULT_WEBHOOK
from portal.mesh.view import InventoryView
from portal.mesh.want import NOTHING, Want

Object = dict[str, Any]


MESHED = {"kind": "Namespace", "metadata": {"name": "emojivoto", "annotations": {INJECT: "enabled"}}}


def container(name: str = "app", *ports: int, **more: Any) -> Object:
    return {"name": name, "image": f"{name}:1", "ports": [{"containerPort": port} for port in ports], **more}


def template(*containers: Object, annotations: dict[str, str] | None = None, **spec: Any) -> Object:
    metadata: Object = {"labels": {"app": "emoji"}}
    if annotations is not None:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": {"containers": list(containers or [container("app", 8080, 8801)]), **spec}}


def deployment(name: str = "emoji", *, pods: Object | None = None, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "emojivoto", "uid": "u1", "resourceVersion": "7", "generation": 1},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "emoji"}},
            "template": pods or template(),
            **spec,
        },
    }


def workload(kind: str, **spec: Any) -> Object:
    return {**deployment(**spec), "kind": kind}


def cron_job(name: str = "report", *, pods: Object | None = None) -> Object:
    job = {"spec": {"template": pods or template()}}
    metadata = {"name": name, "namespace": "emojivoto", "uid": "u2", "resourceVersion": "7"}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": {"jobTemplate": job}}


def view(obj: Object | None = None, *, others: Want = NOTHING, **around: Any) -> InventoryView:
    """A workload in a meshed namespace of an ordinary mesh."""
    return InventoryView(
        obj=obj or deployment(),
        namespace=around.get("namespace", MESHED),
        defaults=around.get("defaults", MeshDefaults()),
        webhook=around.get("webhook", DEFAULT_WEBHOOK),
        budgets=around.get("budgets", ()),
        others=others,
        limits=around.get("limits", ()),
        quotas=around.get("quotas", ()),
        near=around.get("near"),
    )
