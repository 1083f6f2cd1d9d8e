"""A database of another tenant's that a Job calls, with what guards it, for the tests of destinations and demands."""

from __future__ import annotations

from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.destinations import Destination
from portal.mesh.injection import inject

Object = dict[str, Any]
DB = Destination("data", "db", 5432)
LABELS = {"app": "db"}


def service(name: str = "db", *ports: Object, **spec: Any) -> Object:
    listed = list(ports or ({"port": 5432, "targetPort": "sql"},))
    body = {"clusterIP": "10.0.0.1", "selector": LABELS, "ports": listed, **spec}
    return {"kind": "Service", "metadata": {"name": name, "namespace": "data"}, "spec": body}


def plain_pod(**annotations: str) -> Object:
    ports = [{"containerPort": 6432, "name": "sql"}, {"containerPort": 9187, "name": "metrics"}]
    metadata = {"name": "db-0", "namespace": "data", "labels": LABELS, "annotations": annotations}
    return {
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "db", "image": "db:1", "ports": ports}]},
        "status": {"phase": "Running"},
    }


def namespace(**annotations: str) -> Object:
    return {
        "kind": "Namespace",
        "metadata": {"name": "data", "annotations": {"linkerd.io/inject": "enabled", **annotations}},
    }


def meshed_pod(**annotations: str) -> Object:
    return inject(plain_pod(**annotations), namespace(), MeshDefaults(version="edge-26.6.3"))


def server(name: str = "sql", port: str | int = "sql", **spec: Any) -> Object:
    body = {"podSelector": {"matchLabels": LABELS}, "port": port, **spec}
    return {"metadata": {"name": name, "namespace": "data", "labels": {"server": name}}, "spec": body}


def policy(*references: tuple[str, str], kind: str = "Server", name: str = "sql") -> Object:
    listed = [{"kind": one, "name": which} for one, which in references]
    spec = {"targetRef": {"kind": kind, "name": name}, "requiredAuthenticationRefs": listed}
    return {"metadata": {"name": "who", "namespace": "data"}, "spec": spec}


def networks(name: str, *cidrs: str) -> Object:
    return {"metadata": {"name": name, "namespace": "data"}, "spec": {"networks": [{"cidr": one} for one in cidrs]}}


def old_authorization(client: Object, **chosen: Any) -> Object:
    spec = {"server": chosen or {"name": "sql"}, "client": client}
    return {"metadata": {"name": "old", "namespace": "data"}, "spec": spec}
