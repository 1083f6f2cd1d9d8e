"""What lets one mesh identity read Viz's Prometheus, which admits metrics-api alone: part of the bundle, so that it
comes with Viz, is recorded like all of it, and is proven to be gone after. bundle.py calls it.

The model is Linkerd's own for Grafana (grafana/authzpolicy-grafana.yaml).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from portal.mesh.viz.names import EXTENSION_LABEL, Object

NAME = "prometheus-meshdesk"
SERVER = "prometheus-admin"
_GROUP = "policy.linkerd.io"
_IDENTITY = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?){2,}")


def is_identity(text: str) -> bool:
    """Whether it names one workload's mesh identity: no wildcard, at least an account and its namespace."""
    return _IDENTITY.fullmatch(text) is not None


def reader_objects(identity: str, namespace: str) -> list[Object]:
    """The policy that admits the identity, and what it is known by."""
    metadata: Object = {"name": NAME, "namespace": namespace, "labels": {EXTENSION_LABEL: "viz"}}
    return [
        {
            "apiVersion": f"{_GROUP}/v1alpha1",
            "kind": "MeshTLSAuthentication",
            "metadata": metadata,
            "spec": {"identities": [identity]},
        },
        {
            "apiVersion": f"{_GROUP}/v1alpha1",
            "kind": "AuthorizationPolicy",
            "metadata": {**metadata, "labels": dict(metadata["labels"])},
            "spec": {
                "targetRef": {"group": _GROUP, "kind": "Server", "name": SERVER},
                "requiredAuthenticationRefs": [{"group": _GROUP, "kind": "MeshTLSAuthentication", "name": NAME}],
            },
        },
    ]


def reader_problems(objects: Iterable[Object], namespace: str) -> list[str]:
    """Why nobody could be let in, in sentences."""
    found = [(obj["kind"], obj["metadata"]["name"]) for obj in objects if obj["metadata"].get("namespace") == namespace]
    problems = []
    if ("Server", SERVER) not in found:
        problems.append(
            f"prometheus_reader needs Server {SERVER} of Viz's Prometheus, which is not in the bundle: "
            "render it with prometheus.enabled, or leave prometheus_reader out."
        )
    if {("AuthorizationPolicy", NAME), ("MeshTLSAuthentication", NAME)} & set(found):
        problems.append(f"{NAME} is in the bundle already: rename it there, or leave prometheus_reader out.")
    return problems
